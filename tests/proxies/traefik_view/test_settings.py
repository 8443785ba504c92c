"""The variables of the view."""

from pathlib import Path

import pytest

from autoscaler.errors import ConfigError
from autoscaler.proxies.traefik_view.settings import PREFIX, Settings, load

SECRET = "0123456789abcdef"


def test_without_variables_it_asks_the_socket_and_takes_no_orders() -> None:
    ports = (("0.0.0.0", 2375), ("0.0.0.0", 9596))
    assert load({}) == Settings("unix:///var/run/docker.sock", *ports, None, frozenset(), 60.0)
    assert load({f"{PREFIX}SECRET": "", f"{PREFIX}LISTEN": "", f"{PREFIX}PROJECTS": ""}) == load({})


def test_variables_say_it_otherwise(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n", encoding="utf-8")
    assert load(
        {
            "DOCKER_HOST": "tcp://other:2375",
            "AUTOSCALER_DOCKER_URL": "tcp://guard:2375",
            "AUTOSCALER_LISTEN": "0.0.0.0:9595",  # the image's own
            f"{PREFIX}LISTEN": "[::]:23",
            f"{PREFIX}CONTROL": "127.0.0.1:24",
            f"{PREFIX}SECRET_FILE": str(tmp_path / "secret"),
            f"{PREFIX}PROJECTS": "shop, bank",
            f"{PREFIX}START_TIMEOUT": "5s",
        }
    ) == Settings("tcp://guard:2375", ("::", 23), ("127.0.0.1", 24), SECRET, frozenset({"shop", "bank"}), 5.0)
    assert load({f"{PREFIX}SECRET": SECRET}).secret == SECRET


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("LISTEN", "2375", "must be an address and a port"),
        ("CONTROL", "x:70000", "must be an address and a port"),
        ("START_TIMEOUT", "5", "must be a duration"),
        ("START_TIMEOUT", "1h", "must be at most"),
        ("SECRET", "short", "at least 16"),
        ("SECRET", "sixteen letters and blanks", "at least 16"),
        ("SECRET_FILE", "/nowhere", "No such file"),
        ("LISTN", "x", f"unknown variable; did you mean {PREFIX}LISTEN"),
        ("QQ", "x", "unknown variable; known are"),
    ],
)
def test_a_wrong_variable_is_named_with_what_is_allowed(name: str, value: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load({PREFIX + name: value})
    assert str(caught.value).startswith(PREFIX)
    assert "short" not in str(caught.value)


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load({f"{PREFIX}LISTEN": "x", f"{PREFIX}CONTROL": "y"})
    assert len(str(caught.value).splitlines()) == 2


def test_an_engine_over_tls_is_refused_rather_than_asked_without() -> None:
    with pytest.raises(ConfigError, match="DOCKER_TLS_VERIFY: Traefik's view speaks no TLS"):
        load({f"{PREFIX}SECRET": SECRET, "DOCKER_HOST": "tcp://engine:2376", "DOCKER_TLS_VERIFY": "1"})
