"""Web addresses: what can be asked, and what cannot."""

import pytest

from autoscaler.formats import is_http_url, without_credentials


@pytest.mark.parametrize(
    "url",
    ["http://prometheus:9090", "https://user:secret@metrics.example/prom?x=1", "http://[::1]:9090", "http://127.0.0.1"],
)
def test_what_can_be_asked(url: str) -> None:
    assert is_http_url(url)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "prometheus:9090",
        "ftp://prometheus",
        "http://",
        "http://:9090",
        "http://[::1",
        "http://a:0",
        "http://a:99999",
        "http://a:port",
        "http://a b:9090",
        "http://a:9090 ",
    ],
)
def test_what_cannot(text: str) -> None:
    assert not is_http_url(text)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://prometheus:9090", "http://prometheus:9090"),
        ("https://me:secret@metrics.example/prom/", "https://metrics.example/prom/"),
        ("http://me:se@cret@[::1]:9090", "http://[::1]:9090"),
        ("http://secret@a", "http://a"),
        ("http://a/b?token=secret", "http://a/b"),
        ("http://me:secret@a#secret", "http://a"),
        ("http://a/~me@home", "http://a/~me@home"),
        ("http://me:secret@[", "http://["),
    ],
)
def test_what_people_read_has_no_credentials(url: str, shown: str) -> None:
    assert without_credentials(url) == shown
