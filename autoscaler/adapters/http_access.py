"""TLS and credentials of a session from files, which are read again before each request: they may be renewed."""

import base64
import re
import ssl
from pathlib import Path

import certifi

from autoscaler.adapters.http_deadline import HardAdapter
from autoscaler.adapters.http_session import HardSession
from autoscaler.config import secrets
from autoscaler.config.connection import Connection, TlsFiles
from autoscaler.config.regular_file import read_regular

MOST_PEM_BYTES = 2**20
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_UNTRUSTED = re.compile(r"certificate verify failed: (.+?) \(_ssl")
_REFUSED = re.compile(r"alert (?:bad |unknown |no )?c(?:a|ertificate)\b|certificate required")


class AccessError(Exception):
    """A file of a connection cannot be used; the message names it, and quotes nothing of it."""


class HttpAccess:
    """Puts into a session what the files of its connection say now. One caller at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pem: tuple[bytes | None, ...] | None = None

    def apply(self, session: HardSession) -> None:
        """Prepare the session for the next request.

        Raises:
            AccessError: a file is missing, no regular file, too large, or not what it should be.
        """
        tls = self._connection.tls
        if not tls.usual:
            pem = read_pem(tls)
            if pem != self._pem:
                session.use(HardAdapter(make_context(tls, pem[0])))
                self._pem = pem
        session.headers.update({name: each.get_secret_value() for name, each in self._connection.headers.items()})
        authorization = self._authorization()
        if authorization is not None:
            session.headers["Authorization"] = authorization

    def _authorization(self) -> str | None:
        who = self._connection.credentials
        secret = "" if who.value is None else who.value.get_secret_value()
        if who.file is not None:
            try:
                secret = _read(who.file, secrets.MOST_BYTES).decode("utf-8").strip()
            except UnicodeDecodeError as error:
                raise AccessError(f"{who.file} is no text in UTF-8") from error
        if who.username is not None:
            return "Basic " + base64.b64encode(f"{who.username.get_secret_value()}:{secret}".encode()).decode("ascii")
        if not secret and who.file is None:
            return None
        if not secrets.TOKEN.fullmatch(secret):
            raise AccessError(f"{who.file or who.source} must hold one token and nothing else")
        return f"Bearer {secret}"


def read_pem(tls: TlsFiles) -> tuple[bytes | None, ...]:
    """Return what the files of the authorities, the certificate and its key hold.

    Raises:
        AccessError: one cannot be read.
    """
    files = (tls.ca_file, tls.cert_file, tls.key_file)
    return tuple(None if each is None else _read(each, MOST_PEM_BYTES) for each in files)


def make_context(tls: TlsFiles, authorities: bytes | None) -> ssl.SSLContext:
    """Return the TLS of a connection that trusts these authorities.

    Raises:
        AccessError: a file is no PEM, or certificate and key do not belong together.
    """
    # Without urllib3's VERIFY_X509_STRICT, which refuses what `openssl req` and Docker's own guide make.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif authorities is None:
        context.load_verify_locations(cafile=certifi.where())
    else:
        _trust(context, authorities, tls.ca_file)
    if tls.cert_file is not None:
        try:
            context.load_cert_chain(tls.cert_file, tls.key_file, password="")  # never asks a terminal for one
        except (OSError, ValueError) as error:
            files = f"{tls.cert_file} and {tls.key_file}"
            raise AccessError(f"{files} must be a certificate and its key without a passphrase, as PEM") from error
    return context


def _trust(context: ssl.SSLContext, authorities: bytes, file: Path | None) -> None:
    found = b"\n".join(_CERTIFICATE.findall(authorities))
    try:
        context.load_verify_locations(cadata=found.decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise AccessError(f"{file} holds no certificate as PEM") from error


def _read(file: Path, most_bytes: int) -> bytes:
    try:
        return read_regular(file, most_bytes)
    except OSError as error:
        raise AccessError(f"{file} cannot be read: {error.strerror}") from error


def tls_problem(error: BaseException) -> str | None:
    """Return what TLS found wrong, to be read after the server's name; None if it is something else."""
    text = str(error)
    if (found := _UNTRUSTED.search(text)) is not None:
        return f"has a certificate that is not trusted ({found[1]})"
    if _REFUSED.search(text):
        return "refuses the client's certificate, or wants one"
    if any(sign in text for sign in ("WRONG_VERSION_NUMBER", "record layer failure", "PACKET_LENGTH_TOO_LONG")):
        return "does not speak TLS"
    return "ended the connection while TLS began" if "[SSL" in text or "SSLEOFError" in text else None
