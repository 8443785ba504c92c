"""A server, written by hand on a plain socket, that sends a given part of its answer ever so slowly."""

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

DRIP_SECONDS = 0.02

OK = b"HTTP/1.1 200 OK\r\n"
JSON = OK + b"Content-Type: application/json\r\n"
CHUNKED = JSON + b"Transfer-Encoding: chunked\r\n\r\n"
TLS_RECORD = b"\x16\x03\x03\x3f\xff"  # the head of a server's part of the handshake, 16 KiB long
AGAIN = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /again\r\n\r\n"

# What comes at once, and what then comes byte by byte for ever.
SLOW_ANSWERS: dict[str, tuple[bytes, bytes]] = {
    "nothing": (b"", b""),
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "100-continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "header": (OK + b"X-Long: ", b"x"),
    "headers": (OK, b"X: y\r\n"),
    "body of known length": (JSON + b"Content-Length: 1000000\r\n\r\n", b" "),
    "body without length": (JSON + b"\r\n", b" "),
    "chunk sizes": (CHUNKED, b"0"),
    "chunk extension": (CHUNKED + b"1;", b"x"),
    "chunks": (CHUNKED, b"1\r\n \r\n"),
    "trailer": (CHUNKED + b"2\r\n{}\r\n0\r\nX-Trailer: ", b"x"),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: y\r\n"),
    "body of a refusal": (b"HTTP/1.1 500 Oops\r\nContent-Length: 1000000\r\n\r\n", b" "),
    "body of a redirect": (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 1000000\r\n\r\n", b" "),
}

Talk = Callable[[socket.socket, threading.Event], None]


def dripping(at_once: bytes, drops: bytes) -> Talk:
    """Read a request, and send the first bytes at once, the others slowly, again and again."""

    def talk(client: socket.socket, released: threading.Event) -> None:
        client.recv(65536)
        client.sendall(at_once)
        while drops and not released.is_set():
            for byte in drops:
                client.sendall(bytes([byte]))
                released.wait(DRIP_SECONDS)
        released.wait(60)

    return talk


def answering(answer: bytes | Callable[[bytes], bytes], *, slow_path: bytes | None = None) -> Talk:
    """Answer every request on a connection, but for those with `slow_path` in them, which get a byte now and then."""

    def talk(client: socket.socket, released: threading.Event) -> None:
        while request := client.recv(65536):
            if slow_path is not None and slow_path in request:
                dripping(CHUNKED, b"0")(client, released)
            client.sendall(answer(request) if callable(answer) else answer)

    return talk


def flooding(client: socket.socket, released: threading.Event) -> None:
    """Answer with a body that never ends, as fast as it is read."""
    client.recv(65536)
    client.sendall(JSON + b"\r\n")
    while not released.is_set():
        client.sendall(b" " * 65536)


def over_tls(talk: Talk, certificate: Path, clients: Path | None = None) -> Talk:
    """Talk over TLS, with a file that holds the certificate and its key, to those whom an authority has certified."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED

    def wrapped(client: socket.socket, released: threading.Event) -> None:
        with context.wrap_socket(client, server_side=True, do_handshake_on_connect=False) as secure:
            try:
                secure.do_handshake()
            except ssl.SSLError:
                socket.socket.recv(secure, 65536)  # to close with unread bytes would reset, and lose the refusal
                raise
            talk(secure, released)

    return wrapped


def relaying(connect: Callable[[], socket.socket]) -> Talk:
    """Pass what comes over TLS to another server, and its answers back."""

    def talk(client: socket.socket, released: threading.Event) -> None:
        assert isinstance(client, ssl.SSLSocket)
        with connect() as far:
            while not released.is_set():
                ready = [client] if client.pending() else select.select([client, far], [], [], 60)[0]
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        return
                    (far if source is client else client).sendall(data)

    return talk


def says(body: bytes, kind: bytes = b"application/json") -> bytes:
    return OK + b"Content-Type: %s\r\nContent-Length: %d\r\n\r\n" % (kind, len(body)) + body


class SlowServer:
    """Talks with every client in a thread of its own, on TCP or a unix socket; counts the connections."""

    def __init__(self, talk: Talk, unix_path: Path | None = None) -> None:
        self.talk = talk
        self.connections = 0
        self.released = threading.Event()
        self._server = socket.socket(socket.AF_INET if unix_path is None else socket.AF_UNIX)
        self._server.bind(("127.0.0.1", 0) if unix_path is None else str(unix_path))
        self._server.listen(64)
        self.port = 0 if unix_path is not None else int(self._server.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}" if unix_path is None else f"unix://{unix_path}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            self.talk(client, self.released)

    def close(self) -> None:
        self.released.set()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


@contextmanager
def serving(talk: Talk, unix_path: Path | None = None) -> Iterator[SlowServer]:
    server = SlowServer(talk, unix_path)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def no_longer_than(seconds: float) -> Iterator[None]:
    """Fail if the block takes longer, by a generous bound: many times the timeout that it tests."""
    started = time.monotonic()
    yield
    took = time.monotonic() - started
    assert took < seconds, f"took {took:.1f} s"
