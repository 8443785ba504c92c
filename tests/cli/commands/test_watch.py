"""`status --watch` on a real pseudo-terminal and in a pipe: what it shows, what it survives, how it ends."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoscaler.adapters.web.server import WebServer
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from tests.support.builders import NOW, policy, seen
from tests.support.terminal import Terminal, terminal
from tests.support.web_site import Site

WATCH = ["--watch", "--interval", "200ms"]
HIDDEN, SHOWN = "\x1b[?25l", "\x1b[?25h"  # the cursor


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site(policy(low=2))
    site.start()
    decided(site, 2)
    yield site
    site.server.stop(10.0)


def decided(site: Site, count: int) -> None:
    site.decided(decide(policy(low=2), seen(count, {"throughput": 50.0 * count}), Memory(), NOW)[0])


def again(site: Site) -> None:
    """The daemon comes back where it was."""
    site.server = WebServer(site.app, "127.0.0.1", site.port, on_exit=site.ended.set)
    site.start()


def ctrl_c(watching: Terminal) -> str:
    watching.process.send_signal(signal.SIGINT)
    return watching.end()


def shows(watching: Terminal, *texts: str) -> None:
    """Wait until each of these is written anew."""
    watching.written = ""
    watching.until(lambda: all(text in watching.written for text in texts))


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}], ids=["colours", "NO_COLOR"])
def test_a_watch_shows_what_changes_and_survives_a_restart_of_the_daemon(site: Site, variables: dict[str, str]) -> None:
    with terminal(["status", *WATCH, "--url", site.url], variables) as watching:
        shows(watching, "✓ ", "stays at 2")
        decided(site, 5)
        shows(watching, "✓ ", "stays at 5")
        site.server.stop(10.0)
        shows(watching, f"the daemon at {site.url} cannot be reached")
        again(site)
        shows(watching, "✓ ", "stays at 5")
        end = ctrl_c(watching)
    assert watching.process.returncode == 130
    assert "Traceback" not in end


def test_the_cursor_is_hidden_while_it_watches_and_shown_at_the_end(site: Site) -> None:
    with terminal(["status", "userservice", *WATCH, "--url", site.url], {}) as watching:
        watching.until(lambda: watching.written.count("stays at 2") > 1)
        assert watching.written.count(HIDDEN) == 1
        assert SHOWN not in watching.written
        end = ctrl_c(watching)
    assert end.rfind(SHOWN) > end.rfind(HIDDEN)


def test_a_watch_that_begins_without_a_daemon_waits_for_it(site: Site) -> None:
    site.server.stop(10.0)
    with terminal(["status", *WATCH, "--url", site.url], {}) as watching:
        shows(watching, "cannot be reached")
        again(site)
        shows(watching, "stays at 2")
        ctrl_c(watching)
    assert watching.process.returncode == 130


def test_a_watch_ends_where_the_daemon_has_no_such_service(site: Site) -> None:
    with terminal(["status", "usrservice", *WATCH, "--url", site.url], {}) as watching:
        end = watching.end()
    assert watching.process.returncode == 2
    assert "has no service usrservice; it has: userservice" in " ".join(end.split())
    assert end.rfind(SHOWN) > end.rfind(HIDDEN)


def piped(site: Site, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "autoscaler", "status", *WATCH, "--url", site.url, *more]
    wide = {**os.environ, "COLUMNS": "200"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=wide)


def test_in_a_pipe_each_look_is_written_at_once_and_beneath_the_one_before(site: Site) -> None:
    with piped(site) as watch:
        assert watch.stdout is not None
        for _ in range(2):
            assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+\n", watch.stdout.readline())
            assert watch.stdout.readline().startswith("✓ ready")
            assert watch.stdout.readline().startswith("service ")
            assert "stays at 2" in watch.stdout.readline()
            assert watch.stdout.readline().strip() == "ok"
        watch.send_signal(signal.SIGINT)
        assert watch.communicate(timeout=60)[1] == ""
    assert watch.returncode == 130


@pytest.mark.parametrize("more", [(), ("--json",)], ids=["a table", "JSON"])
def test_a_reader_that_has_seen_enough_ends_it_without_a_word(site: Site, more: tuple[str, ...]) -> None:
    with piped(site, *more) as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        watch.stdout.readline()
        watch.stdout.close()
        assert watch.stderr.read() == ""
        watch.wait(timeout=60)


def test_a_full_disk_ends_a_watch_in_one_line(site: Site) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "autoscaler", "status", *WATCH, "--url", site.url]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, "error: [Errno 28] No space left on device\n")
