"""Connections on which a timeout is hard: it limits all that happens until the next one is set, not each single read.

The libraries start their timeout anew with each byte, so that a byte now and then holds a request open for ever.
"""

import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, ClassVar

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection


class Deadline:
    """The end of what a connection does. After `limit_each_read` it has no end, but each read has."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._at: float | None = None
        self._read_seconds: float | None = None

    def begin(self, seconds: float | None) -> None:
        """End all that follows after so many seconds; None: never."""
        self._at = None if seconds is None else self._monotonic() + seconds
        self._read_seconds = None

    def limit_each_read(self, seconds: float) -> None:
        self._read_seconds = seconds

    def left(self) -> float | None:
        """Return the seconds that the next step may take.

        Raises:
            TimeoutError: none.
        """
        if self._read_seconds is not None or self._at is None:
            return self._read_seconds
        seconds = self._at - self._monotonic()
        if seconds <= 0.0:
            raise TimeoutError("timed out")
        return seconds


class _TimedReader(io.RawIOBase):
    """Reads from a socket until the deadline; `raw` keeps the socket open."""

    def __init__(self, sock: socket.socket, raw: socket.SocketIO, deadline: Deadline) -> None:
        self._sock, self._raw, self._deadline = sock, raw, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedSocket:
    """A connected socket of any kind that keeps the deadline; what is not here, the socket itself does."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def makefile(self, *_: object, **__: object) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock, self._sock.makefile("rb", buffering=0), self._deadline))

    def sendall(self, data: Any) -> None:
        rest = memoryview(data).cast("B")
        while rest:
            self._sock.settimeout(self._deadline.left())
            rest = rest[self._sock.send(rest) :]


class Lookups:
    """Looks names up in daemon threads, since nothing ends a lookup that hangs; one at a time for each name."""

    def __init__(self, getaddrinfo: Callable[..., Sequence[Any]] = socket.getaddrinfo) -> None:
        self._getaddrinfo = getaddrinfo
        self._lock = threading.Lock()
        self._running: dict[str, Future[list[str]]] = {}

    def addresses(self, host: str, seconds: float | None) -> list[str]:
        """Return the IP addresses of a host.

        Raises:
            TimeoutError: the lookup takes longer. OSError: there are none.
        """
        with self._lock:
            found = self._running.get(host)
            if found is None:
                found = Future()
                try:
                    threading.Thread(target=self._look_up, args=(host, found), name="lookup", daemon=True).start()
                except RuntimeError as error:  # no thread left
                    raise OSError(str(error)) from error
                self._running[host] = found
        return found.result(seconds)

    def _look_up(self, host: str, found: Future[list[str]]) -> None:
        try:
            answer = self._getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found.set_result(list(dict.fromkeys(str(each[4][0]) for each in answer)))
        except Exception as error:  # noqa: BLE001  passed on to those who wait
            found.set_exception(error)
        finally:
            with self._lock:
                del self._running[host]


class _Connection(HTTPConnection):
    """Over TCP. urllib3 sets its timeout twice: for connecting and sending, then what is left, for the answer."""

    lookups: ClassVar[Lookups] = Lookups()

    def __init__(self, *args: Any, **more: Any) -> None:
        self.deadline = Deadline()
        super().__init__(*args, **more)

    @property
    def timeout(self) -> float | None:
        return self._seconds

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._seconds = seconds
        self.deadline.begin(seconds)

    def connect(self) -> None:
        super().connect()
        self.sock: Any = _TimedSocket(self.sock, self.deadline)

    def _new_conn(self) -> socket.socket:
        try:
            sock = self._connected()
            sock.settimeout(self.deadline.left())  # for the TLS handshake, which is one step to Python
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, f"connecting to {self.host} timed out") from error
        except OSError as error:
            raise NewConnectionError(self, f"cannot connect: {error}") from error
        return sock

    def _connected(self) -> socket.socket:
        """Try the addresses of the host one after the other, each with an equal share of the time left."""
        addresses = self.lookups.addresses(self._dns_host, self.deadline.left())
        for number, address in enumerate(addresses, start=1):
            left = self.deadline.left()
            seconds = None if left is None else left / (len(addresses) + 1 - number)
            try:
                return create_connection((address, self.port), seconds, socket_options=self.socket_options)
            except OSError:
                if number == len(addresses):
                    raise
        raise OSError(f"{self.host} has no address")


class _TlsConnection(_Connection, HTTPSConnection):
    """Over TLS."""


class _UnixConnection(_Connection):
    """Over a unix socket."""

    def __init__(self, *args: Any, socket_path: str, **more: Any) -> None:
        self._socket_path = socket_path
        super().__init__(*args, **more)

    def _connected(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.settimeout(self.deadline.left())
            sock.connect(self._socket_path)
        except OSError:
            sock.close()
            raise
        return sock


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection

    def _validate_conn(self, conn: Any) -> None:
        """Connect without the warning of urllib3 that the server is not verified: the operator has asked for that."""
        if conn.is_closed:
            conn.connect()


class _UnixPool(HTTPConnectionPool):
    ConnectionCls = _UnixConnection


class HardAdapter(HTTPAdapter):
    """Sends the requests of a session over these connections; a TLS context goes before the session's own words."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, tls if self._context is None else {"ssl_context": self._context}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        if self._context is None:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]


class UnixAdapter(HardAdapter):
    """Sends all requests over one unix socket, whatever their host."""

    def __init__(self, socket_path: str) -> None:
        super().__init__()
        self._pool = _UnixPool("localhost", socket_path=socket_path)

    def get_connection_with_tls_context(self, *_: object, **__: object) -> _UnixPool:
        return self._pool

    def request_url(self, request: Any, proxies: object) -> str:  # noqa: ARG002
        return str(request.path_url)

    def close(self) -> None:
        super().close()
        self._pool.close()
