"""A certificate authority that speaks enough ACME (RFC 8555) for one HTTP-01 order. Signatures are not checked.

The certificates are made by the openssl command. The challenge is really fetched through the gateway.
"""

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from deploy.lab.shell import run

ISSUER = "The Test Authority"


@dataclass
class Authority:
    """One authority; `gateway` is where the domain's port 80 is in the test, `url` where others reach the authority."""

    directory: Path
    gateway: str
    url: str = ""
    domains: list[str] = field(default_factory=list)
    proved: bool = False
    certificate: str = ""

    def __post_init__(self) -> None:
        arguments = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={ISSUER}"]
        run(["openssl", "req", *arguments, "-keyout", self._at("ca.key"), "-out", self._at("ca.pem")], "make the CA")

    def own_certificate(self, address: str) -> tuple[Path, Path]:
        """Return certificate and key of the server itself, which clients must be told to trust."""
        arguments = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=acme"]
        certificate, key = self._at("server.pem"), self._at("server.key")
        names = ["-addext", f"subjectAltName=IP:{address}"]
        run(["openssl", "req", *arguments, *names, "-keyout", key, "-out", certificate], "make a certificate")
        return certificate, key

    def answer(  # noqa: PLR0911  one line for each resource
        self, path: str, payload: dict[str, Any]
    ) -> tuple[int, object, str | None]:
        """Return status, body and location of a request."""
        match path:
            case "/directory":
                names = ("newNonce", "newAccount", "newOrder", "revokeCert", "keyChange")
                return 200, {name: f"{self.url}/{name}" for name in names}, None
            case "/newAccount":
                return 201, {"status": "valid", "orders": f"{self.url}/orders"}, f"{self.url}/account"
            case "/newOrder":
                self.domains = [each["value"] for each in payload["identifiers"]]
                return 201, self._order(), f"{self.url}/order"
            case "/challenge":
                self._prove()
                return 200, self._challenge(), None
            case "/authorization":
                identifier = {"type": "dns", "value": self.domains[0]}
                status = "valid" if self.proved else "pending"
                return 200, {"status": status, "identifier": identifier, "challenges": [self._challenge()]}, None
            case "/finalize":
                self._sign(payload["csr"])
                return 200, self._order(), f"{self.url}/order"
            case "/order":
                return 200, self._order(), f"{self.url}/order"
            case "/certificate":
                return 200, self.certificate, None
            case _:
                return 200, "", None

    def _order(self) -> dict[str, object]:
        state = "valid" if self.certificate else "ready" if self.proved else "pending"
        return {
            "status": state,
            "identifiers": [{"type": "dns", "value": domain} for domain in self.domains],
            "authorizations": [f"{self.url}/authorization"],
            "finalize": f"{self.url}/finalize",
            **({"certificate": f"{self.url}/certificate"} if self.certificate else {}),
        }

    def _challenge(self) -> dict[str, str]:
        status = "valid" if self.proved else "pending"
        return {"type": "http-01", "url": f"{self.url}/challenge", "token": "a-token-of-the-test", "status": status}

    def _prove(self) -> None:
        """Fetch the challenge as the domain's visitor would."""
        at = f"{self.gateway}/.well-known/acme-challenge/a-token-of-the-test"
        answer = httpx.get(at, headers={"Host": self.domains[0]}, timeout=10, trust_env=False)
        self.proved = answer.status_code == 200 and answer.text.startswith("a-token-of-the-test.")

    def _sign(self, request: str) -> None:
        self._at("request.der").write_bytes(base64.urlsafe_b64decode(request + "=" * (-len(request) % 4)))
        authority: list[str | Path] = ["-CA", self._at("ca.pem"), "-CAkey", self._at("ca.key"), "-CAcreateserial"]
        files: list[str | Path] = [
            "-in",
            self._at("request.der"),
            "-inform",
            "DER",
            "-out",
            self._at("certificate.pem"),
        ]
        run(["openssl", "x509", "-req", "-days", "2", "-copy_extensions", "copy", *authority, *files], "sign")
        self.certificate = self._at("certificate.pem").read_text() + self._at("ca.pem").read_text()

    def _at(self, name: str) -> Path:
        return self.directory / name


@contextmanager
def serving(authority: Authority, host: str) -> Iterator[Authority]:
    """Serve the authority on a free port of that address."""
    server = ThreadingHTTPServer((host, 0), _handler(authority))
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.own_certificate(host))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    authority.url = f"https://{host}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield authority
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(authority: Authority) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(*authority.answer(self.path, {}))

        def do_HEAD(self) -> None:
            self._say(200, "", None)

        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            payload = base64.urlsafe_b64decode(message["payload"] + "=" * (-len(message["payload"]) % 4))
            self._say(*authority.answer(self.path, json.loads(payload or b"{}")))

        def _say(self, status: int, body: object, location: str | None) -> None:
            text = body if isinstance(body, str) else json.dumps(body)
            self.send_response(status)
            self.send_header(
                "Content-Type", "application/pem-certificate-chain" if isinstance(body, str) else "application/json"
            )
            self.send_header("Content-Length", str(len(text)))
            self.send_header("Replay-Nonce", "bm9uY2U")
            if location is not None:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002
            """Be quiet."""

    return Handler
