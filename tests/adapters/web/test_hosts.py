"""Under which names the daemon answers: a site on the web that leads its own name here reads nothing."""

from collections.abc import Iterator

import httpx
import pytest
from structlog.testing import capture_logs

from autoscaler.adapters.web.hosts import is_own_name
from autoscaler.cli.client.daemon_client import DaemonClient
from autoscaler.errors import DaemonUnavailable
from tests.support.builders import policy
from tests.support.web_site import Site

ALLOWED = ("autoscaler.example.org", "*.example.net")


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Site(policy(), token="0123456789abcdef", allowed_hosts=ALLOWED)
    site.start()
    yield site
    site.server.stop(10.0)


@pytest.mark.parametrize(
    ("host", "own"),
    [
        (None, True),  # no browser
        ("localhost", True),
        ("LocalHost:9595", True),
        ("autoscaler:9595", True),  # of a Compose network
        ("127.0.0.1", True),
        ("192.168.1.7:9595", True),
        ("[::1]", True),
        ("[2001:db8::1]:9595", True),
        ("[::ffff:10.0.0.1]", True),
        ("autoscaler.example.org", True),
        ("Autoscaler.Example.ORG:443", True),
        ("a.example.net", True),
        ("a.b.example.net:80", True),
        ("example.net", False),
        ("evil.example", False),
        ("evil.example:9595", False),
        ("127.0.0.1.evil.example", False),
        ("autoscaler.example.org.evil.example", False),
        ("evilexample.net", False),
        ("localhost.evil.example:9595", False),
        ("", False),
        (":9595", False),
        ("a:b:c", False),
        ("evil.example/localhost", False),
        ("user@localhost:1:2", False),
    ],
)
def test_a_name_is_an_address_a_word_without_a_dot_or_an_allowed_one(host: str | None, own: bool) -> None:
    assert is_own_name(host, ALLOWED) is own
    assert is_own_name(host, ("*",))


@pytest.mark.parametrize("path", ["/", "/page/page.js", "/api/v1/status", "/api/v1/services/userservice", "/nothing"])
def test_another_name_is_refused_with_the_variable_to_set(site: Site, path: str) -> None:
    answer = site.get(path, Host="evil.example:9595")
    message = "'evil.example:9595' is no known name of this daemon; if it is one, add it to AUTOSCALER_ALLOWED_HOSTS"
    assert (answer.status_code, answer.json()) == (421, {"error": message})


def test_it_can_write_nothing_either(site: Site) -> None:
    headers = {"Host": "evil.example", "Authorization": "Bearer 0123456789abcdef", "Content-Type": "application/json"}
    assert httpx.post(f"{site.url}/-/reload", headers=headers, trust_env=False).status_code == 421


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
def test_probes_and_scrapers_may_use_any_name(site: Site, path: str) -> None:
    assert site.get(path, Host="prometheus.example.com").status_code in {200, 503}


@pytest.mark.parametrize("name", ["autoscaler.example.org", "a.example.net:80", "localhost:9595"])
def test_an_allowed_name_reads_all(site: Site, name: str) -> None:
    assert site.get("/api/v1/services", Host=name).status_code == 200


def test_it_is_logged_once_without_what_a_terminal_obeys(site: Site) -> None:
    quiet = Site(policy())
    quiet.start()
    with capture_logs() as logs:
        for _ in range(20):
            quiet.get("/", Host="evil.example" + "x" * 5000)
    quiet.server.stop(10.0)
    (line,) = logs
    assert (line["event"], line["reason"], line["count"]) == ("web.refused", "host", 1)
    assert line["host"].endswith("… (5,012 characters)")


def test_a_command_says_what_to_set(site: Site) -> None:
    client = DaemonClient(site.url)
    client._headers["Host"] = "evil.example"
    with pytest.raises(DaemonUnavailable, match=r"'evil.example' is no known name .* AUTOSCALER_ALLOWED_HOSTS"):
        client.status()
