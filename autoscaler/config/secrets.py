"""Reads the secrets among the settings from files, and checks them before use."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from autoscaler.config.regular_file import read_regular
from autoscaler.config.settings_problems import PREFIX

MOST_BYTES = 65_536
TOKEN = re.compile(r"[!-~]+")  # that a header can carry


def read_secret(values: dict[str, object], name: str) -> str | None:
    """Return the content of the file that this field names, if it names one.

    Raises:
        ValueError: the file cannot be read.
    """
    path = values.get(name)
    if not path:
        return None
    try:
        return _text(Path(str(path))).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read {PREFIX}{name.upper()}: {error}") from error


def unreadable_secrets(directory: str, fields: Iterable[str]) -> Iterator[str]:
    """Yield a line for each secret of these fields in this directory that is there and cannot be read."""
    names = {f"{PREFIX}{field}".lower() for field in fields}
    for file in sorted(each for each in Path(directory).glob("*") if each.name.lower() in names):
        try:
            _text(file)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            yield f"{file}: cannot be read: {reason}; it must be text in UTF-8 that user {os.geteuid()} may read"


def _text(file: Path) -> str:
    return read_regular(file, MOST_BYTES).decode("utf-8")


def check_grafana_token(token: str) -> None:
    """Raise ValueError unless this may be a Grafana token."""
    if not token:
        raise ValueError("AUTOSCALER_GRAFANA_URL needs a token: name its file as AUTOSCALER_GRAFANA_TOKEN_FILE")
    if not TOKEN.fullmatch(token):
        raise ValueError("AUTOSCALER_GRAFANA_TOKEN_FILE must hold one token and nothing else, such as glsa_...")
