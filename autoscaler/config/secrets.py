"""Reads the secrets among the settings from files, and checks them before use."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from autoscaler.config.settings_problems import PREFIX

SHORTEST_TOKEN = 16


def read_secret(values: dict[str, object], name: str) -> str | None:
    """Return the content of the file that this field names, if it names one.

    Raises:
        ValueError: the file cannot be read.
    """
    path = values.get(name)
    if not path:
        return None
    try:
        return Path(str(path)).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot read {PREFIX}{name.upper()}: {error}") from error


def unreadable_secrets(directory: str) -> Iterator[str]:
    """Yield a line for each of the autoscaler's secrets in this directory that cannot be read."""
    for file in sorted(Path(directory).glob(f"{PREFIX.lower()}*")):
        try:
            file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            yield f"{file}: cannot be read: {error}; it must be text in UTF-8 that user {os.geteuid()} may read"


def api_token(text: str) -> str | None:
    """Return the token without surrounding white space; None if empty.

    Raises:
        ValueError: it is too easy to guess, or no header can carry it.
    """
    token = text.strip()
    if not token:
        return None
    if len(token) < SHORTEST_TOKEN or not (token.isascii() and token.isprintable() and " " not in token):
        raise ValueError(f"must be at least {SHORTEST_TOKEN} letters, digits and signs, as from: openssl rand -hex 32")
    return token


def check_grafana_token(token: str) -> None:
    """Raise ValueError unless this may be a Grafana token."""
    if not token:
        raise ValueError("AUTOSCALER_GRAFANA_URL needs a token: name its file as AUTOSCALER_GRAFANA_TOKEN_FILE")
    if not re.fullmatch(r"[!-~]+", token):
        raise ValueError("AUTOSCALER_GRAFANA_TOKEN_FILE must hold one token and nothing else, such as glsa_...")
