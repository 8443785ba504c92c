"""Web addresses that can be asked."""

from urllib.parse import urlsplit


def is_http_url(text: str) -> bool:
    """Tell whether it is an http or https URL with a host, without blanks, and with a port that exists, if any."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return good and not any(character.isspace() for character in text)
