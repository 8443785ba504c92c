"""A throwaway certificate authority, made as Docker's guide to TLS makes one."""

import subprocess
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Authority:
    """Signs certificates in a directory of its own; its own is `ca.pem`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.file = directory / "ca.pem"
        subject = ("-subj", "/CN=throwaway", "-keyout", str(directory / "ca-key.pem"), "-out", str(self.file))
        _openssl("req", "-x509", "-days", "2", *_KEY, *subject)

    def issue(self, name: str, names: str = "IP:127.0.0.1") -> tuple[Path, Path]:
        """Return the files of a certificate for these names, and of its key."""
        certificate, key = self._directory / f"{name}.pem", self._directory / f"{name}-key.pem"
        request, extensions = self._directory / f"{name}.csr", self._directory / f"{name}.cnf"
        _openssl("req", "-new", *_KEY, "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(request))
        extensions.write_text(f"subjectAltName={names}\n", encoding="utf-8")
        signed = ("-CA", str(self.file), "-CAkey", str(self._directory / "ca-key.pem"), "-CAcreateserial")
        files = ("-in", str(request), "-out", str(certificate), "-extfile", str(extensions))
        _openssl("x509", "-req", "-days", "2", *signed, *files)
        return certificate, key

    def server(self, name: str = "server", names: str = "IP:127.0.0.1") -> Path:
        """Return one file with a certificate and its key."""
        certificate, key = self.issue(name, names)
        both = self._directory / f"{name}-both.pem"
        both.write_bytes(certificate.read_bytes() + key.read_bytes())
        return both


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
