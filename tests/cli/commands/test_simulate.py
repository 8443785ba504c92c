"""`autoscaler simulate` as a user runs it: loads, comparisons, files, errors."""

import json
import os
import pty
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import COMMAND, Done, autoscaler
from tests.support.paths import ROOT

pytestmark = pytest.mark.xdist_group("charts")  # one worker loads what draws

RULES = "    rules: {throughput: {signal: requests, per_replica: 50}}\n"
WEB = "services:\n  web:\n    replicas: {min: 1, max: 8}\n" + RULES
TWO = WEB + "  api:\n    replicas: {min: 2, max: 4}\n" + RULES
OTHER = WEB.replace("per_replica: 50", "per_replica: 70")
SHORT = ("--duration", "10m")
OPTION = re.compile(r"--[a-z][a-z-]+")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("web.yaml", WEB), ("two.yaml", TWO), ("other.yaml", OTHER)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "load.csv").write_text("timestamp_s,requests_per_s\n0,20\n300,200\n600,20\n", encoding="utf-8")
    return tmp_path


def simulated(folder: Path, *arguments: str, file: str = "web.yaml") -> Done:
    return autoscaler("simulate", str(folder / file), *arguments)


def runs(folder: Path, *arguments: str, file: str = "web.yaml") -> list[dict[str, Any]]:
    done = simulated(folder, *arguments, "--json", file=file)
    assert (done.returncode, done.stderr) == (0, "")
    found: list[dict[str, Any]] = json.loads(done.stdout)["runs"]
    return found


def test_it_prints_load_figures_chart_decisions_and_notes_without_colour_in_a_pipe(folder: Path) -> None:
    done = simulated(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("load: step from 20 to 200 requests/s at 20m\n")
    assert "answers slower than 300ms" in done.stdout
    assert "web: requests/s   █ load (peak 200)" in done.stdout
    assert "0:20:10  1 → 2     throughput 57.28 req/s in the last 30 s at 50 req/s per replica wants 2" in done.stdout
    assert "note: The service is a model" in done.stdout
    assert "\x1b" not in done.stdout


def test_the_chart_is_as_wide_as_the_terminal(folder: Path) -> None:
    for columns in (60, 100):
        done = autoscaler("simulate", str(folder / "web.yaml"), *SHORT, COLUMNS=str(columns))
        assert max(len(line) for line in done.stdout.splitlines() if "│" in line) == columns


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["step", "--at", "2m", "--peak", "100"], "step from 20 to 100 requests/s at 2m"),
        (["ramp", "--base", "5", "--at", "1m", "--width", "5m"], "ramp from 5 to 200 requests/s from 1m on, within 5m"),
        (["pulse", "--width", "30s", "--period", "3m"], "pulse from 20 to 200 requests/s at 1m40s for 30s, every 3m"),
        (["diurnal", "--period", "5m"], "diurnal from 20 to 200 requests/s and back every 5m"),
    ],
)
def test_every_shape_of_load_is_simulated_and_scaled_for(folder: Path, arguments: list[str], words: str) -> None:
    done = simulated(folder, *SHORT, "--load", *arguments, "--json")
    answer = json.loads(done.stdout)
    assert answer["load"] == words
    assert answer["runs"][0]["decisions"]


def test_a_csv_file_is_a_load_too_and_may_be_cut_and_scaled(folder: Path) -> None:
    csv = str(folder / "load.csv")
    whole, scaled = runs(folder, "--load", csv), runs(folder, "--load", csv, "--peak", "20", *SHORT)
    assert number(whole[0], "requests") == pytest.approx(72_000, rel=0.02)
    assert number(scaled[0], "requests") == pytest.approx(300 * 2 + 300 * 20, rel=0.05)


def number(run: dict[str, Any], name: str) -> float:
    return float(next(figure["number"] for figure in run["figures"] if figure["name"] == name))


def test_the_same_seed_gives_the_same_output(folder: Path) -> None:
    first, again, other = (simulated(folder, *SHORT, "--seed", seed).stdout for seed in ("5", "5", "6"))
    assert first == again != other


def test_what_the_service_can_do_is_told_by_options(folder: Path) -> None:
    usual = runs(folder, *SHORT)[0]
    strong = runs(folder, *SHORT, "--slots", "40", "--start-delay", "0s", "--goal", "1s")[0]
    weak = runs(folder, *SHORT, "--service-time", "200ms", "--queue-limit", "1s", "--drain-delay", "1m")[0]
    slow, refused = "answers slower than 300ms", "refused requests"
    assert number(strong, "answers slower than 1s") < number(usual, slow) < number(weak, slow)
    assert number(strong, refused) < number(weak, refused)
    blind = runs(folder, *SHORT, "--scrape-interval", "1m")[0]
    assert blind["decisions"] == []


def test_json_has_samples_decisions_with_reasons_and_caveats(folder: Path) -> None:
    (run,) = runs(folder, *SHORT)
    assert (run["title"], run["service"], run["goal_seconds"]) == ("web.yaml", "web", 0.3)
    assert run["samples"][0] == {
        "at": 0.0,
        "load": 20.0,
        "capacity": pytest.approx(64, abs=1),
        "replicas": 1,
        "ready": 1,
        "p95_seconds": pytest.approx(0.05, abs=0.001),
    }
    assert run["decisions"][0]["reason"] == "above_target"
    assert "throughput" in run["decisions"][0]["sentence"]
    assert run["caveats"]


def test_all_services_are_simulated_or_those_that_are_named(folder: Path) -> None:
    assert [run["service"] for run in runs(folder, *SHORT, file="two.yaml")] == ["web", "api"]
    assert [run["service"] for run in runs(folder, *SHORT, "--service", "api", file="two.yaml")] == ["api"]


def test_two_policies_are_shown_side_by_side_under_the_same_requests(folder: Path) -> None:
    against = ("--against", str(folder / "other.yaml"), *SHORT)
    done = simulated(folder, *against)
    assert "web.yaml" in done.stdout.splitlines()[3]
    assert "other.yaml" in done.stdout.splitlines()[3]
    first, second = runs(folder, *against)
    assert number(first, "requests") == number(second, "requests")
    assert number(first, "replica-hours") > number(second, "replica-hours")


def test_two_files_of_the_same_name_are_told_apart_by_their_paths(folder: Path) -> None:
    (folder / "new").mkdir()
    (folder / "new/web.yaml").write_text(OTHER, encoding="utf-8")
    first, second = runs(folder, "--against", str(folder / "new/web.yaml"), *SHORT)
    assert (first["title"], second["title"]) == (str(folder / "web.yaml"), str(folder / "new/web.yaml"))


def test_picture_and_page_are_written_and_named(folder: Path) -> None:
    png, html = folder / "chart.png", folder / "page.html"
    done = simulated(folder, *SHORT, "--png", str(png), "--html", str(html))
    assert png.read_bytes().startswith(b"\x89PNG")
    page = html.read_text(encoding="utf-8")
    assert "<title>0:01:50 since the start, 1 → 2 (above_target)\nthroughput " in page
    assert "goal: 300ms" in page
    assert ">50 ms<" in page
    assert done.stdout.endswith(f"written: {png}\nwritten: {html}\n")


def test_of_several_services_each_has_its_own_file(folder: Path) -> None:
    simulated(folder, *SHORT, "--png", str(folder / "chart.png"), file="two.yaml")
    assert sorted(path.name for path in folder.glob("*.png")) == ["chart-api.png", "chart-web.png"]


def test_the_policy_file_may_come_from_the_environment(folder: Path) -> None:
    done = autoscaler("simulate", *SHORT, AUTOSCALER_CONFIG=str(folder / "web.yaml"))
    assert (done.returncode, done.stderr) == (0, "")


def test_many_decisions_are_cut_and_none_are_said_to_be_none(folder: Path) -> None:
    pulses = simulated(folder, "--load", "pulse", "--duration", "6h", "--period", "30m", "--width", "5m")
    assert "more; --html and --json have all of them" in pulses.stdout
    assert "web.yaml: changes nothing" in simulated(folder, *SHORT, "--peak", "20").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--service", "wbe"], "error: web.yaml: no service wbe; it has: web\n"),
        (["--service", "api", "--against", "two.yaml"], "error: web.yaml: no service api; it has: web\n"),
        (["--load", "none.csv"], "error: cannot read none.csv: No such file or directory\n"),
        (["--load", "bad.csv"], "error: bad.csv:2: requests_per_s must be a number from 0 to 1,000,000, not 'x'\n"),
        (["--png", "no/chart.png", *SHORT], "error: cannot write no/chart.png: No such file or directory\n"),
        (["--html", ".", *SHORT], "error: cannot write .: Is a directory\n"),
        (["--peak", "-1"], "error: --peak: must be 0 to 1,000,000 requests/s, not -1\n"),
        (["--duration", "5s"], 'error: --duration: must be between "1m" and "31d", not 5s\n'),
        (["--against", "none.yaml"], "error: none.yaml: "),
        (["--service-time", "1s"], "error: web: --service-time must be below the goal 300ms, or no answer can meet it"),
    ],
)
def test_what_is_wrong_is_one_line_with_exit_code_2(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    (folder / "bad.csv").write_text("0,1\n1,x\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    done = autoscaler("simulate", "web.yaml", *arguments, PYTHONPATH=str(ROOT))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--load", "sine"], "must be step, ramp, pulse, diurnal or a CSV file, not 'sine'"),
        (["--period", "5m"], "Invalid value for --period: does not go with --load step"),
        (["--load", "load.csv", "--base", "3"], "Invalid value for --base: does not go with --load load.csv"),
        (["--start-delay", "20"], "must be a duration"),
        (["--service-time", "0s"], "must be at least 1ms, not '0s'"),
        (["--scrape-interval", "1500ms"], "must be whole seconds, at least 1s, not '1500ms'"),
        (["--slots", "0"], "Invalid value for '--slots':"),
    ],
)
def test_wrong_usage_says_what_is_allowed_with_exit_code_2(folder: Path, arguments: list[str], message: str) -> None:
    done = simulated(folder, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr


def test_a_policy_of_queries_alone_says_why_it_cannot_be_simulated_and_how_it_can(folder: Path) -> None:
    (folder / "mail.yaml").write_text(WEB.replace("signal: requests", "query: sum(mails)"), encoding="utf-8")
    done = simulated(folder, file="mail.yaml")
    assert done.returncode == 2
    assert "--with-queries shows what happens without a reading" in done.stderr
    assert runs(folder, *SHORT, "--with-queries", file="mail.yaml")[0]["decisions"] == []


@pytest.mark.slow
def test_a_bar_shows_progress_on_a_terminal_while_it_takes_long(folder: Path) -> None:
    assert "simulating" in stderr_of_a_terminal(folder, "--duration", "28h", "--load", "diurnal")


def test_no_bar_shows_where_it_takes_a_moment(folder: Path) -> None:
    assert stderr_of_a_terminal(folder, *SHORT) == ""


def stderr_of_a_terminal(folder: Path, *arguments: str) -> str:
    """What the command writes to a terminal that is its error output alone."""
    ours, theirs = pty.openpty()
    command = [*COMMAND, "simulate", str(folder / "web.yaml"), "--json", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    ) as run:
        os.close(theirs)
        written = b""
        while chunk := _read(ours):
            written += chunk
        assert run.wait(60) == 0
    os.close(ours)
    return written.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux says so when the other end is closed
        return b""


def test_the_page_names_every_option_and_no_other() -> None:
    root = ROOT
    table = (root / "docs/simulate.md").read_text(encoding="utf-8").split("## An example")[0]
    named = {
        name for line in table.splitlines() if line.startswith("| `--") for name in OPTION.findall(line.split("|")[1])
    }
    options = set(OPTION.findall(autoscaler("simulate", "--help").stdout)) - {"--help"}
    assert named == options
