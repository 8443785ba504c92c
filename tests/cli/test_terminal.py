"""On a terminal there are colours, unless NO_COLOR is set; elsewhere there are none. The real command, a real pty."""

import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.events import Action
from tests.support.builders import NOW, policy, seen
from tests.support.command import POLICY, autoscaler
from tests.support.terminal import COLOUR_VARIABLES, on_one_terminal, terminal
from tests.support.web_site import Site

TOKEN = "0123456789abcdef"
STYLE = re.compile(r"\x1b\[[\d;]*m")  # bold is one, too
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]")


class Answering(BaseHTTPRequestHandler):
    """A service that answers well."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="module")
def variables(service: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A daemon that holds a decision back, a policy file, a gateway; and no engine."""
    file = tmp_path_factory.mktemp("policy") / "policy.yaml"
    file.write_text(POLICY, encoding="utf-8")
    site = Site(policy(low=2), token=TOKEN)
    site.start()
    site.decided(decide(policy(low=2), seen(4, {"throughput": 330.0}), Memory(), NOW)[0], Action.BACKING_OFF)
    yield {
        "AUTOSCALER_URL": site.url,
        "AUTOSCALER_API_TOKEN": TOKEN,
        "AUTOSCALER_CONFIG": str(file),
        "AUTOSCALER_DOCKER_URL": "unix:///nowhere.sock",
        "GATEWAY": service,
    }
    site.server.stop(10.0)


COLOURED = [
    "--help",
    "scale --help",
    "status --watch-it",
    "status",
    "plan",
    "load-test web --url GATEWAY --requests 3 --delay 0s",
    "scale userservice 9 --for 1h --timeout 0s",
]
BOLD = ["check --offline", "explain userservice", "pause userservice", "resume userservice", "simulate --duration 5m"]
PLAIN = ["status --json", "check --offline --json", "status nobody", "status --url http://127.0.0.1:9", "--version"]


def words(command: str, variables: dict[str, str]) -> list[str]:
    return command.replace("GATEWAY", variables["GATEWAY"]).split()


Written = dict[str, tuple[int, str]]  # by command: how it ended, and what it wrote to the terminal


def written(variables: dict[str, str], **more: str) -> Written:
    commands = [*COLOURED, *BOLD, *PLAIN]
    ran = on_one_terminal([words(command, variables) for command in commands], {**variables, **more})
    return dict(zip(commands, ran, strict=True))


@pytest.fixture(scope="module")
def usual(variables: dict[str, str]) -> Written:
    return written(variables)


@pytest.fixture(scope="module")
def without(variables: dict[str, str]) -> Written:
    return written(variables, NO_COLOR="1")


@pytest.mark.parametrize("command", COLOURED)
def test_a_terminal_gets_colours_unless_no_color_is_set(command: str, usual: Written, without: Written) -> None:
    assert COLOUR.search(usual[command][1])
    assert not COLOUR.search(without[command][1])


@pytest.mark.parametrize("command", BOLD)
def test_what_is_only_bold_has_no_colours_either(command: str, without: Written) -> None:
    code, text = without[command]
    assert code == 0, text
    assert STYLE.search(text)
    assert not COLOUR.search(text)


@pytest.mark.parametrize("command", PLAIN)
def test_json_and_errors_have_no_escape_sequence_on_a_terminal_either(command: str, usual: Written) -> None:
    assert "\x1b" not in usual[command][1]


@pytest.mark.parametrize("command", [*COLOURED, *BOLD, *PLAIN])
def test_a_pipe_gets_no_escape_sequence_at_all(command: str, variables: dict[str, str]) -> None:
    done = autoscaler(*words(command, variables), **variables, **dict.fromkeys(COLOUR_VARIABLES, ""))
    assert done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("command", ["status", "load-test web --url GATEWAY --requests 3 --delay 0s"])
def test_a_file_gets_no_escape_sequence_where_the_errors_go_to_the_terminal(
    command: str, variables: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "output"
    with file.open("w", encoding="utf-8") as out, terminal(words(command, variables), variables, stdout=out) as told:
        told.end()
    assert file.read_text(encoding="utf-8").startswith(("✓ ", "web at "))
    assert "\x1b" not in file.read_text(encoding="utf-8")


def test_a_file_of_errors_gets_no_escape_sequence_where_the_rest_goes_to_the_terminal(
    variables: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "errors"
    with file.open("w", encoding="utf-8") as err, terminal(["status", "--watch-it"], variables, stderr=err) as told:
        told.end()
    assert "No such option" in file.read_text(encoding="utf-8")
    assert "\x1b" not in file.read_text(encoding="utf-8")


def test_json_in_a_pipe_is_json_alone_whatever_is_said_beside_it(variables: dict[str, str]) -> None:
    done = autoscaler("pause", "userservice", "--json", **variables)
    assert [each["service"] for each in json.loads(done.stdout)] == ["userservice"]
    assert done.stderr.startswith("warning: ")
