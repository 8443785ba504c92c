"""Web addresses: what can be asked, and what cannot."""

import pytest

from autoscaler.formats import is_http_url


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
