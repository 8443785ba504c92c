"""Parses and formats durations, web addresses, secrets, JSON values and foreign text. Pure."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Self
from urllib.parse import unquote, urlsplit

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST_DURATION = 64  # characters
_MOST_DIGITS = 9
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
# What a terminal obeys: CSI (colours, cursor), OSC (titles, links, clipboard), and the short sequences.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\x9d]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
SHORTEST_SECRET = 16
MOST_CHARACTERS = 400  # of foreign text in a sentence
ALLOWED = 'a number with a unit (ms, s, m, h, d), such as "300ms", "5s" or "1m30s"'


def parse_duration(value: object) -> float:
    """Return the seconds of a duration.

    Raises:
        ValueError: not text, or not a number with a unit; the message names what is allowed.
    """
    if isinstance(value, str) and len(value) <= _LONGEST_DURATION and _WHOLE.fullmatch(value.strip()):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))
        if math.isfinite(seconds):
            return seconds
    raise ValueError(f"must be a duration: {ALLOWED}")


def whole_number(text: object) -> int | None:
    """Return the number of one to nine digits, or None: foreign text may have any number of them."""
    return int(text) if isinstance(text, str) and len(text) <= _MOST_DIGITS and text.isdecimal() else None


def format_duration(seconds: float) -> str:
    """Write seconds as the shortest duration that `parse_duration` reads back, e.g. 90.0 -> `1m30s`."""
    milliseconds = round(seconds * 1000)
    if milliseconds == 0:
        return "0s"
    parts = []
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        number, milliseconds = divmod(milliseconds, size)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts)


def is_http_url(text: str) -> bool:
    """Return whether it is an http or https URL with a host, without blanks, and with a valid port, if any."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return good and not any(character.isspace() for character in text)


def without_user(url: str) -> str:
    """Return a URL without user and password; of what is none, all that may be them goes."""
    if is_http_url(url):
        return re.sub(r"//[^/?#]*@", "//", url)
    return re.sub(r"^([a-zA-Z][a-zA-Z0-9+.-]*://)?.*@", r"\1", url, flags=re.DOTALL)


def without_credentials(url: str) -> str:
    """Return a URL for people: without user, password and query."""
    return re.split(r"[?#]", without_user(url))[0]


class Address(str):
    """A URL as people may read it, wherever it is printed; `whole` is what a client connects to."""

    __slots__ = ("whole",)
    whole: str

    def __new__(cls, url: str) -> Self:
        whole = url.whole if isinstance(url, Address) else url
        made = super().__new__(cls, without_credentials(whole))
        made.whole = whole
        return made

    @property
    def user(self) -> tuple[str, str] | None:
        """The user and the password, if it has them."""
        parts = urlsplit(self.whole)
        return None if parts.username is None else (unquote(parts.username), unquote(parts.password or ""))


def shared_secret(text: str) -> str | None:
    """Return a secret that two processes share, without surrounding white space; None if empty.

    Raises:
        ValueError: it is too easy to guess, or no header can carry it.
    """
    secret = text.strip()
    if not secret:
        return None
    if len(secret) < SHORTEST_SECRET or not (secret.isascii() and secret.isprintable() and " " not in secret):
        raise ValueError(f"must be at least {SHORTEST_SECRET} letters, digits and signs, as from: openssl rand -hex 32")
    return secret


def plain(value: object) -> Any:
    """Return dataclasses as mappings, NaN and infinity as None, and other types as text, ready for JSON."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value)


def json_text(value: object, *, indent: int | None = None) -> str:
    """Write a plain value as JSON for terminals, too: invisible characters are escaped, all others stay as they are."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    return text.translate({ord(each): json.dumps(each)[1:-1] for each in _invisible(text)})


def visible(text: str) -> str:
    """Return text without control sequences; other invisible characters, such as bidi marks, become blanks.

    Line breaks stay.
    """
    invisible = _invisible(text)
    if not invisible:
        return text
    bare = _SEQUENCE.sub("", text)
    return bare.translate(dict.fromkeys(map(ord, invisible), " "))


def one_line(text: str, most: int = MOST_CHARACTERS, *, end: bool = False) -> str:
    """Return foreign text for a sentence: visible, on one line, and cut to its beginning or `end`, with its length."""
    line = " ".join(visible(text).split())
    if len(line) <= most:
        return line
    length = f"({len(line):,} characters)"
    return f"… {length} {line[-most:]}" if end else f"{line[:most]}… {length}"


def _invisible(text: str) -> set[str]:
    return set() if text.isprintable() else {each for each in set(text) if not each.isprintable() and each != "\n"}
