"""A relay of bytes in front of the real engine, that can cut its connections, or freeze them without a word."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Relay:
    """Listens on a free port of 127.0.0.1, and passes everything to the engine's unix socket."""

    def __init__(self, engine_url: str) -> None:
        self._url = engine_url
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self._server.getsockname()[1]}"
        self.connections = 0
        self.refuses = False
        self._sockets: list[socket.socket] = []
        self._frozen: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self.connections += 1
                if self.refuses:
                    client.close()
                    continue
                engine = unix_socket(self._url)
                self._sockets += [client, engine]
                for source, sink in ((client, engine), (engine, client)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if source not in self._frozen:
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)

    def freeze(self) -> None:
        """Let nothing more through on what is connected now, and close nothing: as a dead host in between would."""
        self._frozen = set(self._sockets)

    def cut(self) -> None:
        """Close what is connected now."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.cut()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


def unix_socket(engine_url: str) -> socket.socket:
    """Return a connection to the engine."""
    engine = socket.socket(socket.AF_UNIX)
    engine.connect(engine_url.removeprefix("unix://"))
    return engine


@contextmanager
def relaying(engine_url: str) -> Iterator[Relay]:
    relay = Relay(engine_url)
    try:
        yield relay
    finally:
        relay.close()
