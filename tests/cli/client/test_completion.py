"""Completion in the shell: the services of the running daemon and of the policy file, and never a shell that hangs."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from autoscaler.events import ServicesChanged
from tests.support.builders import policy
from tests.support.command import POLICY, autoscaler, environment
from tests.support.web_site import Site

FUNCTION = "_autoscaler_completion"


@pytest.fixture
def file(tmp_path: Path) -> str:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY, encoding="utf-8")
    return str(file)


@pytest.fixture
def site() -> Iterator[Site]:
    """A daemon with a service of the file, and one that a label enables."""
    site = Site(replace(policy(), service="web"))
    site.start()
    site.emit(ServicesChanged({"web": policy(), "worker": policy()}, {}))
    yield site
    site.server.stop(10.0)


def completed(*words: str, **variables: str) -> list[str]:
    """What the shell offers for the last word."""
    done = autoscaler(**asked(*words), **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def asked(*words: str) -> dict[str, str]:
    """The variables by which bash asks."""
    return {
        "_AUTOSCALER_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["autoscaler", *words]),
        "COMP_CWORD": str(len(words)),
    }


def test_the_shell_completes_commands_and_the_services_of_the_policy_file(file: str) -> None:
    variables = {"AUTOSCALER_CONFIG": file}
    assert "pause" in completed("pa", **variables)
    assert completed("pause", "w", **variables) == ["web"]
    assert completed("scale", "", **variables) == ["web", "all"]
    assert completed("load-test", "w", **variables) == ["web"]


def test_a_running_daemon_knows_what_labels_enable_too(site: Site, file: str) -> None:
    assert completed("explain", "w", AUTOSCALER_URL=site.url, AUTOSCALER_CONFIG=file) == ["web", "worker"]


@pytest.mark.parametrize("command", ["status", "explain", "scale", "pause", "resume", "plan", "load-test"])
def test_every_command_of_a_service_completes_without_a_policy_file(site: Site, command: str) -> None:
    assert completed(command, "wo", AUTOSCALER_URL=site.url, AUTOSCALER_CONFIG="/nowhere.yaml") == ["worker"]


@pytest.mark.parametrize("text", [None, "services: [", "services: {web: {}}", "\x00"])
def test_without_a_good_policy_file_the_shell_completes_nothing_and_says_nothing(
    tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "policy.yaml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    assert completed("explain", "", AUTOSCALER_CONFIG=str(file)) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense", "http://" + "x" * 70 + ".example", "http://[::1"])
def test_a_daemon_that_is_not_there_is_no_news(file: str, url: str) -> None:
    names = completed("explain", "", AUTOSCALER_URL=url, AUTOSCALER_CONFIG=file)
    assert names == (["web"] if url.startswith("http://") and "[" not in url else [])


def trickle(server: socket.socket, ended: Event) -> None:
    """Answer one client byte by byte: no time between two of them is long, and there is no last one."""
    client, _ = server.accept()
    with client:
        client.sendall(b"HTTP/1.1 200 OK\r\nX-Endless: ")
        while not ended.wait(0.1):
            client.sendall(b"x")


def test_a_daemon_that_never_comes_to_an_end_does_not_hold_the_shell(file: str) -> None:
    ended = Event()
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as pool:
        answering = pool.submit(trickle, server, ended)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        variables = {**asked("explain", ""), "AUTOSCALER_URL": url, "AUTOSCALER_CONFIG": file}
        done = subprocess.run(
            [sys.executable, "-c", "import sys; sys.argv[0] = 'autoscaler'; from autoscaler.cli import main; main()"],
            env=environment(variables),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["web"], "")
        ended.set()
        assert isinstance(answering.exception(timeout=60), BrokenPipeError | ConnectionResetError | None)


def test_a_real_bash_completes_by_the_script_that_the_command_shows(site: Site, file: str, tmp_path: Path) -> None:
    command = tmp_path / "autoscaler"
    command.write_text(f"#!{sys.executable}\nfrom autoscaler.cli import main\n\nmain()\n", encoding="utf-8")
    command.chmod(0o755)
    typed = 'COMP_WORDS=(autoscaler explain wo); COMP_CWORD=2; COMP_LINE="autoscaler explain wo"; COMP_POINT=21'
    script = f'eval "$(autoscaler --show-completion)"; {typed}; {FUNCTION} autoscaler; echo "${{COMPREPLY[@]}}"'
    path = f"{tmp_path}:{os.environ['PATH']}"
    variables = {"PATH": path, "AUTOSCALER_URL": site.url, "AUTOSCALER_CONFIG": file}
    done = subprocess.run(
        ["bash", "-c", script], env=environment(variables), capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("worker\n", "")
