"""Process settings: from AUTOSCALER_ variables and secret files, with mistakes in clear words."""

from collections.abc import Callable
from pathlib import Path

import pytest

from autoscaler.config.settings import LogFormat, LogLevel, Settings, load_settings
from autoscaler.errors import ConfigError
from tests.support.paths import ROOT

Set = Callable[..., None]


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> Set:
    """Set variables of the environment for this test alone."""
    for name in ("AUTOSCALER_CONFIG", "DOCKER_HOST"):
        monkeypatch.delenv(name, raising=False)

    def set_all(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return set_all


def test_the_promised_defaults(variables: Set, tmp_path: Path) -> None:
    settings = load_settings(str(tmp_path))
    assert settings.config == Path("/etc/autoscaler/autoscaler.yaml")
    assert (settings.docker_url, settings.docker_timeout_seconds) == ("unix:///var/run/docker.sock", 10.0)
    assert (settings.listen_address, settings.stop_timeout_seconds) == (("127.0.0.1", 9595), 30.0)
    assert (settings.log_level, settings.log_format) == (LogLevel.INFO, LogFormat.AUTO)
    assert (settings.compose_project, settings.prometheus_url, settings.dry_run) == (None, None, None)
    assert settings.allowed_hosts == frozenset()


def test_every_variable_is_read(variables: Set, tmp_path: Path) -> None:
    variables(
        AUTOSCALER_CONFIG="/x.yaml",
        AUTOSCALER_DOCKER_URL="tcp://guard:2375",
        AUTOSCALER_DOCKER_TIMEOUT="3s",
        AUTOSCALER_COMPOSE_PROJECT="shop",
        AUTOSCALER_LISTEN="[::1]:8000",
        AUTOSCALER_ALLOWED_HOSTS="Scaler.example.org, *.example.net,",
        AUTOSCALER_PROMETHEUS_URL="http://p:9090",
        AUTOSCALER_DRY_RUN="true",
        AUTOSCALER_LOG_LEVEL="debug",
        AUTOSCALER_LOG_FORMAT="json",
        AUTOSCALER_STOP_TIMEOUT="1m",
    )
    settings = load_settings(str(tmp_path))
    assert (settings.config, settings.docker_url, settings.docker_timeout) == (Path("/x.yaml"), "tcp://guard:2375", 3.0)
    assert (settings.compose_project, settings.listen_address) == ("shop", ("::1", 8000))
    assert settings.allowed_hosts == {"scaler.example.org", "*.example.net"}
    assert (settings.prometheus_url, settings.dry_run, settings.stop_timeout) == ("http://p:9090", True, 60.0)
    assert (settings.log_level, settings.log_format) == (LogLevel.DEBUG, LogFormat.JSON)


def test_docker_host_is_the_default_engine(variables: Set, tmp_path: Path) -> None:
    variables(DOCKER_HOST="tcp://elsewhere:2375")
    assert load_settings(str(tmp_path)).docker_url == "tcp://elsewhere:2375"


def test_an_empty_variable_is_no_variable_as_compose_passes_it(variables: Set, tmp_path: Path) -> None:
    unset = load_settings(str(tmp_path))
    variables(DOCKER_HOST="", **{f"AUTOSCALER_{name.upper()}": "" for name in Settings.model_fields})
    empty = load_settings(str(tmp_path))
    assert (empty, empty.model_fields_set) == (unset, unset.model_fields_set)


def test_an_empty_secret_is_no_secret(variables: Set, tmp_path: Path) -> None:
    for whose in ("prometheus", "grafana", "api"):
        (tmp_path / f"autoscaler_{whose}_token").touch()
    settings = load_settings(str(tmp_path))
    assert (settings.prometheus_token, settings.grafana_token, settings.api_token) == (None, None, None)


@pytest.mark.parametrize("way", ["variable", "secret", "file"])
@pytest.mark.parametrize("whose", ["prometheus", "grafana", "api"])
def test_the_token_comes_from_a_variable_a_secret_or_a_file_and_is_never_shown(
    variables: Set, tmp_path: Path, way: str, whose: str
) -> None:
    secret = tmp_path / f"autoscaler_{whose}_token"
    if way == "variable":
        variables(**{f"AUTOSCALER_{whose.upper()}_TOKEN": "t0ken-of-16-signs"})
    else:
        secret.write_text("t0ken-of-16-signs\n", encoding="utf-8")
    if way == "file":
        secret = secret.rename(tmp_path / "elsewhere")
        variables(**{f"AUTOSCALER_{whose.upper()}_TOKEN_FILE": str(secret)})
    settings = load_settings(str(tmp_path))
    token = getattr(settings, f"{whose}_token")
    assert token.get_secret_value() == "t0ken-of-16-signs"
    assert "t0ken-of-16-signs" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        pytest.param(
            "AUTOSCALER_LISTEN",
            "9595",
            "AUTOSCALER_LISTEN: must be an address and a port, "
            'such as "127.0.0.1:9595" or "0.0.0.0:9595", not \'9595\'',
            id="a port alone",
        ),
        pytest.param("AUTOSCALER_LISTEN", "a:99999", "AUTOSCALER_LISTEN: must be an address and a port", id="no port"),
        pytest.param(
            "AUTOSCALER_ALLOWED_HOSTS",
            "https://scaler.example.org:443",
            "AUTOSCALER_ALLOWED_HOSTS: must be names without port, such as autoscaler.example.org,*.example.net, "
            "or * for all, not 'https://scaler.example.org:443'",
            id="no names",
        ),
        pytest.param(
            "AUTOSCALER_DOCKER_TIMEOUT", "5", "AUTOSCALER_DOCKER_TIMEOUT: must be a duration: a number", id="no unit"
        ),
        pytest.param(
            "AUTOSCALER_DOCKER_TIMEOUT",
            "0s",
            'AUTOSCALER_DOCKER_TIMEOUT: must be between "500ms" and "2m", not \'0s\'',
            id="no time for the engine",
        ),
        pytest.param(
            "AUTOSCALER_STOP_TIMEOUT",
            "3d",
            'AUTOSCALER_STOP_TIMEOUT: must be between "0s" and "10m", not \'3d\'',
            id="a stop without an end",
        ),
        pytest.param("AUTOSCALER_DRY_RUN", "maybe", "AUTOSCALER_DRY_RUN: ", id="neither true nor false"),
        pytest.param("AUTOSCALER_LOG_LEVEL", "loud", "AUTOSCALER_LOG_LEVEL: ", id="an unknown level"),
        pytest.param(
            "AUTOSCALER_DRYRUN",
            "1",
            "AUTOSCALER_DRYRUN: unknown variable; did you mean AUTOSCALER_DRY_RUN?",
            id="a typo",
        ),
        pytest.param(
            "AUTOSCALER_ZZZ", "1", "AUTOSCALER_ZZZ: unknown variable; known are AUTOSCALER_CONFIG", id="unknown"
        ),
        pytest.param(
            "AUTOSCALER_PROMETHEUS_TOKEN_FILE",
            "/no/such/file",
            "environment: cannot read AUTOSCALER_PROMETHEUS_TOKEN_FILE: [Errno 2]",
            id="a missing secret",
        ),
        pytest.param(
            "AUTOSCALER_TRAEFIK_VIEW_URL",
            "traefik-view:9596",
            "AUTOSCALER_TRAEFIK_VIEW_URL: must be a URL such as \"http://traefik-view:9596\", not 'traefik-view:9596'",
            id="a view without a URL",
        ),
        pytest.param(
            "AUTOSCALER_TRAEFIK_VIEW_URL",
            "http://traefik-view:9596",
            "environment: AUTOSCALER_TRAEFIK_VIEW_URL needs a secret: name its file",
            id="a view without a secret",
        ),
        pytest.param(
            "AUTOSCALER_GRAFANA_URL",
            "grafana:3000",
            "environment: AUTOSCALER_GRAFANA_URL must be a URL such as \"http://grafana:3000\", not 'grafana:3000'",
            id="no URL",
        ),
        pytest.param(
            "AUTOSCALER_GRAFANA_URL",
            "http://grafana:3000",
            "environment: AUTOSCALER_GRAFANA_URL needs a token: name its file as AUTOSCALER_GRAFANA_TOKEN_FILE",
            id="Grafana without a token",
        ),
    ],
)
def test_a_mistake_names_the_variable_and_what_is_allowed(
    variables: Set, tmp_path: Path, name: str, value: str, message: str
) -> None:
    variables(**{name: value})
    with pytest.raises(ConfigError) as failure:
        load_settings(str(tmp_path))
    assert str(failure.value).startswith(message)


@pytest.mark.parametrize("token", ["short", "with a blank in it", "höchst-geheim-und-lang", "x" * 15])
def test_an_api_token_that_would_not_do_is_refused_without_showing_it(
    variables: Set, tmp_path: Path, token: str
) -> None:
    variables(AUTOSCALER_API_TOKEN=token)
    with pytest.raises(ConfigError) as failure:
        load_settings(str(tmp_path))
    assert str(failure.value) == (
        "AUTOSCALER_API_TOKEN: must be at least 16 letters, digits and signs, as from: openssl rand -hex 32"
    )


def test_an_empty_token_is_no_token(variables: Set, tmp_path: Path) -> None:
    (tmp_path / "autoscaler_api_token").write_text("\n", encoding="utf-8")
    assert load_settings(str(tmp_path)).api_token is None


def test_a_secret_that_cannot_be_read_is_named_and_not_shown(variables: Set, tmp_path: Path) -> None:
    (tmp_path / "autoscaler_api_token").write_bytes(b"g3heim\xff-und-viel-zu-lang")
    variables(AUTOSCALER_ZZZ="1")
    with pytest.raises(ConfigError) as failure:
        load_settings(str(tmp_path))
    typo, secret = str(failure.value).splitlines()
    assert typo.startswith("AUTOSCALER_ZZZ: unknown variable")
    assert secret.startswith(f"{tmp_path}/autoscaler_api_token: cannot be read: ")
    assert "g3heim" not in secret


@pytest.mark.parametrize("content", ["two tokens", "glsa_a\nglsa_b", "glsa_ü", "\x00"])
def test_what_can_be_no_token_is_refused_and_not_shown(variables: Set, tmp_path: Path, content: str) -> None:
    file = tmp_path / "token"
    file.write_text(content, encoding="utf-8")
    variables(AUTOSCALER_GRAFANA_URL="http://grafana:3000", AUTOSCALER_GRAFANA_TOKEN_FILE=str(file))
    with pytest.raises(ConfigError, match="must hold one token and nothing else") as failure:
        load_settings(str(tmp_path))
    assert content not in str(failure.value)


def test_all_mistakes_are_told_at_once(variables: Set, tmp_path: Path) -> None:
    variables(AUTOSCALER_ZZZ="1", AUTOSCALER_LISTEN="x", AUTOSCALER_DOCKER_TIMEOUT="5")
    with pytest.raises(ConfigError) as failure:
        load_settings(str(tmp_path))
    assert len(str(failure.value).splitlines()) == 3


def test_every_setting_is_documented_and_no_other() -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    documented = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `AUTOSCALER_")}
    assert documented == {f"AUTOSCALER_{name.upper()}" for name in Settings.model_fields}
