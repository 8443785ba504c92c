"""How Prometheus is connected to, as the policy file says it; its mistakes quote no secret."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from autoscaler.config.connection import Credentials, TlsFiles
from autoscaler.config.load import load
from autoscaler.config.model import PrometheusConfig
from autoscaler.config.settings import Settings
from autoscaler.errors import ConfigError
from autoscaler.formats import Address, json_text, plain


def prometheus(directory: Path, text: str) -> PrometheusConfig:
    (file := directory / "policy.yaml").write_text(f"prometheus: {text}\n", encoding="utf-8")
    return load(file, Settings(config=file)).prometheus


def test_files_are_looked_for_beside_the_policy_file(tmp_path: Path) -> None:
    text = "{ca_file: tls/ca.pem, cert_file: /run/cert.pem, key_file: ../key.pem, insecure_skip_verify: true}"
    tls = TlsFiles(tmp_path / "tls/ca.pem", Path("/run/cert.pem"), tmp_path / "../key.pem", insecure_skip_verify=True)
    assert prometheus(tmp_path, text).connection.tls == tls


@pytest.mark.parametrize(
    ("text", "user", "file"),
    [
        ("{basic_auth: {username: me, password_file: pw}}", "me", "pw"),
        ("{basic_auth: {username: me}}", "me", None),
        ("{bearer_token_file: token}", None, "token"),
        ("{}", None, None),
    ],
)
def test_one_way_to_say_who_asks(tmp_path: Path, text: str, user: str | None, file: str | None) -> None:
    found = prometheus(tmp_path, text).connection.credentials
    named = None if user is None else SecretStr(user)
    assert found == Credentials(found.source, username=named, file=None if file is None else tmp_path / file)


def test_headers_are_kept_and_never_shown(tmp_path: Path) -> None:
    found = prometheus(tmp_path, '{headers: {X-Scope-OrgID: team, X-Api-Key: "planted"}}')
    assert {name: each.get_secret_value() for name, each in found.connection.headers.items()} == {
        "X-Scope-OrgID": "team",
        "X-Api-Key": "planted",
    }
    assert "planted" not in repr(found) + json_text(plain(found))


def test_the_credentials_of_a_url_are_used_and_never_shown(tmp_path: Path) -> None:
    found = prometheus(tmp_path, '{url: "https://me:planted@metrics.example/prom"}')
    assert isinstance(found.url, Address)
    assert found.url.user == ("me", "planted")
    assert found.url.whole == "https://me:planted@metrics.example/prom"
    assert f"{found.url} {found!r} {json_text(plain(found))}".count("planted") == 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{cert_file: a}", "prometheus: `cert_file` and `key_file` belong together; name both"),
        ("{key_file: a}", "`cert_file` and `key_file` belong together"),
        ('{ca_file: ""}', "prometheus.ca_file: must not be empty, not ''"),
        (
            "{basic_auth: {username: me, password: planted}}",
            "prometheus.basic_auth.password: unknown key `password`; did you mean `password_file`?",
        ),
        ("{basic_auth: {username: 'me:planted'}}", "prometheus.basic_auth.username: must look like a user name"),
        (
            "{basic_auth: {username: me}, bearer_token_file: t}",
            "prometheus: `basic_auth`, `bearer_token_file` and a user in `url` exclude each other; keep one",
        ),
        ("{bearer_token_file: t, url: 'http://me:planted@a'}", "a user in `url` exclude each other"),
        ("{headers: {Authorization: planted}}", "prometheus.headers.Authorization: must be the name of a header"),
        ("{headers: {'X Y': planted}}", "prometheus.headers.X Y: must be the name of a header"),
        ('{headers: {X-Key: "planted\\r\\nX: y"}}', "prometheus.headers.X-Key: must be printable ASCII"),
        ("{headers: {X-Key: 5}}", "prometheus.headers.X-Key: must be text"),
        ("{headers: planted}", "prometheus.headers: must be a mapping"),
        ("{url: 'ftp://me:planted@a'}", "must be a URL such as http://prometheus:9090, not 'ftp://a'"),
        ("{url: 'http://me:pla/nted@a:9090'}", "not 'http://a:9090'"),
        ("{url: 'me:planted@a:9090'}", "not 'a:9090'"),
        ("{url: 'http://me:pla nted@a'}", "not 'http://a'"),
    ],
)
def test_a_mistake_is_named_without_the_secret(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as failure:
        prometheus(tmp_path, text)
    assert problem in str(failure.value)
    assert "planted" not in str(failure.value)
    assert "nted" not in str(failure.value)
