"""The commands as a user runs them: exit codes, messages without tracebacks, JSON, examples in the help."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.command import COMMAND, POLICY, autoscaler, autoscaler_process
from tests.support.paths import ROOT


@pytest.fixture
def policy(tmp_path: Path) -> str:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY, encoding="utf-8")
    return str(file)


def test_check_prints_the_effective_policies() -> None:
    done = autoscaler("check", "--offline", str(ROOT / "config/autoscaler.yaml"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "throughput: requests, 50 req/s per replica (over 20s, bursts over 10s)" in done.stdout
    assert "p95: latency p95, target 300 ms (over 20s)" in done.stdout
    assert "window 5m, 100 % / 15s, tolerance 10%" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("config/autoscaler.yaml: ok, 4 services")


FULL = """\
limits: {max_replicas_total: 60}
services:
  web:
    replicas: {min: 2, max: 10}
    rules: {throughput: {signal: requests, per_replica: 50}}
    schedules: [{cron: "* * * * *", for: 10h, timezone: America/Bogota, min: 4}]
    objective: {latency: 300ms, ratio: 0.99, season: "off"}
    burst: {threshold: 1.5}
    reversals: {limit: 6, period: 30m}
"""


def test_check_prints_what_follows_from_schedules_objective_bursts_and_budget(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(FULL, encoding="utf-8")
    done = autoscaler("check", "--offline", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0].endswith("; at most 60 replicas of all services together")
    assert "replicas 2-10" in lines
    assert "now 4-10 (min by schedule * * * * * America/Bogota)" in lines
    assert "for good: no schedule will change that" in lines
    assert "objective 99 % within 300ms; sizes throughput; learns capacity, headroom" in lines
    assert "bursts: from 1.5 x the long window's value" in lines
    assert "reversals: nothing is lowered after 6 within 30m" in lines


def test_check_prints_json_of_schedules_too(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(FULL.replace("* * * * *", "0 8 * * *"), encoding="utf-8")
    web = json.loads(autoscaler("check", "--json", "--offline", str(file)).stdout)["services"]["web"]
    assert web["policy"]["schedules"][0]["timezone"] == "America/Bogota"
    bounds = web["bounds"]
    assert {bounds["now"]["low"], bounds["next"]["bounds"]["low"]} == {2, 4}
    assert bounds["next"]["timezone"] == "America/Bogota"


def test_check_prints_json(policy: str) -> None:
    done = autoscaler("check", "--json", "--offline", AUTOSCALER_CONFIG=policy)
    assert json.loads(done.stdout)["services"]["web"]["policy"]["max_replicas"] == 3


def test_check_refuses_a_bad_file_with_exit_code_2(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY.replace("max: 3", "max: 0"), encoding="utf-8")
    done = autoscaler_process("check", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: {file}:3: services.web.replicas.max: must be at least 1, not 0\n"


def test_a_bad_variable_is_refused_with_exit_code_2(policy: str) -> None:
    done = autoscaler("check", policy, AUTOSCALER_LISTN="x")
    assert (done.returncode, done.stderr) == (
        2,
        "error: AUTOSCALER_LISTN: unknown variable; did you mean AUTOSCALER_LISTEN?\n",
    )


@pytest.mark.parametrize(
    "arguments", [["plan"], ["plan", "web", "--json"], ["scale", "web", "2"], ["scale", "all", "2"]]
)
def test_without_an_engine_it_says_so_in_one_line_with_exit_code_1(policy: str, arguments: list[str]) -> None:
    done = autoscaler(*arguments, AUTOSCALER_CONFIG=policy, AUTOSCALER_DOCKER_URL="unix:///nowhere.sock")
    assert (done.returncode, done.stderr) == (1, "")
    assert "the Docker engine at unix:///nowhere.sock cannot be reached" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    "arguments", [["plan"], ["plan", "web"], ["scale", "web", "2"], ["scale", "all", "2"], ["check"]]
)
@pytest.mark.parametrize("file", ["", "services: {}"], ids=["no file", "a file without services"])
def test_an_engine_that_does_not_answer_where_labels_alone_configure_is_no_mistake_of_theirs(
    tmp_path: Path, arguments: list[str], file: str
) -> None:
    (path := tmp_path / "policy.yaml").write_text(file, encoding="utf-8")
    named = {"AUTOSCALER_CONFIG": str(path) if file else ""}
    done = autoscaler(*arguments, AUTOSCALER_DOCKER_URL="unix:///nowhere.sock", **named)
    assert done.returncode == 1
    assert done.stderr == (
        "error: the Docker engine at unix:///nowhere.sock cannot be reached; check AUTOSCALER_DOCKER_URL and that the "
        "engine runs; until then no label is read, and no service of a label is known\n"
    )


def test_an_engine_over_ssh_is_refused_with_what_to_do(policy: str) -> None:
    done = autoscaler("plan", AUTOSCALER_CONFIG=policy, AUTOSCALER_DOCKER_URL="", DOCKER_HOST="ssh://me@host")
    assert done.returncode == 2
    assert "the Docker engine's address ssh://host cannot be used" in done.stderr
    assert "AUTOSCALER_DOCKER_URL=unix:///run/user/engine.sock" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["scale", "web", "9"], "web: 9 is outside replicas 1 to 3 of its policy", id="out of bounds"),
        pytest.param(
            ["scale", "wbe", "2"],
            "no service wbe in the policy file or enabled by a label; there are: web",
            id="an unknown service",
        ),
        pytest.param(
            ["plan", "wbe"],
            "no service wbe in the policy file or enabled by a label; there are: web",
            id="of a plan, too",
        ),
    ],
)
def test_what_the_policy_does_not_allow_has_exit_code_2(policy: str, arguments: list[str], message: str) -> None:
    done = autoscaler(*arguments, AUTOSCALER_CONFIG=policy, AUTOSCALER_DOCKER_URL="unix:///nowhere.sock")
    assert (done.returncode, done.stderr) == (2, f"error: {message}\n")


@pytest.mark.parametrize("arguments", [["scale", "web"], ["scale", "web", "0"], ["scale", "web", "x"], ["nonsense"]])
def test_wrong_usage_has_exit_code_2(arguments: list[str]) -> None:
    done = autoscaler(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_said_in_one_line_with_exit_code_1(policy: str) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*COMMAND, "check", "--offline", policy],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "error: [Errno 28] No space left on device\n")


@pytest.mark.parametrize(
    ("module", "command"), [("typer", "check"), ("urllib3", "status"), ("docker", "plan"), ("ruamel", "simulate")]
)
def test_ctrl_c_while_a_command_is_still_being_loaded_ends_it_without_a_traceback(
    tmp_path: Path, module: str, command: str
) -> None:
    slow = "import time\nprint('loading', flush=True)\ntime.sleep(60)\n"
    (tmp_path / f"{module}.py").write_text(slow, encoding="utf-8")  # found before the real one
    words = [*COMMAND, command]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    pipe = subprocess.PIPE
    with subprocess.Popen(words, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 130


@pytest.mark.parametrize(
    "command",
    ["run", "check", "plan", "status", "explain", "scale", "pause", "resume", "load-test", "backtest", "simulate"],
)
def test_every_commands_help_has_an_example(command: str) -> None:
    done = autoscaler(command, "--help")
    assert done.returncode == 0
    assert "Example: " in done.stdout


def test_the_version_is_printed() -> None:
    done = autoscaler_process("--version")
    assert (done.returncode, done.stdout.startswith("autoscaler ")) == (0, True)
