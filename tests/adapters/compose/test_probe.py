"""The probe itself, run by every real shell that is here: what the engine would see of it."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from autoscaler.adapters.compose.healthcheck import DIRECTORY, SCRIPT

SHELLS = [["dash"], ["busybox", "sh"], ["bash", "--posix"], ["sh"]]
HERE = [pytest.param(shell, id=" ".join(shell)) for shell in SHELLS if shutil.which(shell[0])]
FLAKY = ["sh", "-c", 'echo "seen $0"; test -e "$1"', "it"]


@dataclass
class Container:
    """A directory in place of the container's own, and the probe of it."""

    shell: list[str]
    directory: Path
    net: str = "/proc/net"

    def probe(self, *own: str, limit: int = 20, every: int = 0, retries: int = 3) -> tuple[int, str]:
        """Probe once; return the exit code and what was said."""
        script = SCRIPT.replace(DIRECTORY, str(self.directory)).replace("/proc/net", self.net)
        words = [*self.shell, "-c", script, "probe", str(limit), str(every), str(retries), *own]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    def drain(self) -> None:
        (self.directory / "drain").touch()

    def look(self, port: int) -> str:
        """Probe with the machine's present table, reduced to one port: bash reads a long one for many seconds."""
        present = self.directory / "net"
        present.mkdir(exist_ok=True)
        for name in ("tcp", "tcp6"):
            head, *rows = Path("/proc/net", name).read_text().splitlines(keepends=True)
            rows = [row for row in rows if f":{port:04X} " in row]
            (present / name).write_text("".join([head, *rows]))
        self.net = str(present)
        return self.probe()[1]


@pytest.fixture(params=HERE)
def container(request: pytest.FixtureRequest, tmp_path: Path) -> Container:
    return Container(request.param, tmp_path)


def test_without_an_own_test_it_is_healthy_until_the_marker_is_there(container: Container) -> None:
    assert container.probe() == (0, "")
    container.drain()
    container.net = "/nowhere"
    code, said = container.probe("true")
    assert (code, said.partition(" open")[0].partition(" ")[0]) == (1, "draining:")
    (container.directory / "drain").unlink()
    assert container.probe("true") == (0, "")


@pytest.mark.parametrize(
    "argument",
    [
        "a b",
        "'",
        '"',
        "$HOME",
        "`id`",
        "$(id)",
        "a\nb",
        "*",
        "\\",
        "-n",
        "",
        "ünïcode",
        "a;exit 3",
        "#",
        "!",
        "~",
        "\t",
    ],
)
def test_arguments_reach_the_own_test_as_they_are(container: Container, argument: str) -> None:
    assert container.probe("printf", "[%s]", argument) == (0, f"[{argument}]")


def test_a_test_for_the_shell_is_run_verbatim(container: Container) -> None:
    text = "x='it''s'; echo \"$x\" $((1 + 1)) | tr a-z A-Z || exit 1\n[ 1 = 1 ]"
    assert container.probe("/bin/sh", "-c", text) == (0, "ITS 2\n")


def test_the_own_test_finds_the_containers_variables(container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("code", "own", "now", "state", "limit", "count", "PORT"):
        monkeypatch.setenv(name, "theirs")
    said = "$code $own $now $state $limit $count $PORT"
    assert container.probe("sh", "-c", f"echo {said}") == (0, " ".join(["theirs"] * 7) + "\n")


def test_until_it_was_good_once_every_failure_is_one(container: Container, tmp_path: Path) -> None:
    ready = str(tmp_path / "ready")
    assert container.probe(*FLAKY, ready, every=100) == (1, "seen it\n")
    assert container.probe(*FLAKY, ready, every=100) == (1, "seen it\n")
    Path(ready).touch()
    assert container.probe(*FLAKY, ready, every=100) == (0, "seen it\n")


def test_once_it_was_good_so_many_failures_in_a_row_make_it_bad(container: Container) -> None:
    assert container.probe("true")[0] == 0
    assert [container.probe("false")[0] for _ in range(4)] == [0, 0, 1, 1]
    assert container.probe("true") == (0, "")
    assert [container.probe("false")[0] for _ in range(3)] == [0, 0, 1]


def test_what_failed_stays_told_between_two_runs(container: Container) -> None:
    container.probe("true", every=0)
    container.probe("sh", "-c", "echo no; exit 7", every=0)
    code, said = container.probe("true", every=1000)
    assert code == 0
    assert said.startswith("the service's own test has failed 1 times in a row, last ")


def test_between_two_turns_the_own_test_rests(container: Container) -> None:
    assert container.probe("echo", "run", every=1000) == (0, "run\n")
    assert container.probe("echo", "run", every=1000) == (0, "")
    container.probe("true", every=0)
    (container.directory / "state").write_text("3 0\n", encoding="utf-8")  # bad, and its turn was at the boot
    assert container.probe("echo", "run", every=1) == (0, "run\n")


def test_what_takes_too_long_is_killed_and_counted(container: Container) -> None:
    container.probe("true")
    started = time.monotonic()
    code, said = container.probe("sleep", "50", limit=1)
    assert time.monotonic() - started < 40
    assert code == 0
    assert "killed; it may take 1 s\n" in said
    assert "has failed 1 times" in said


def test_nothing_is_left_running(container: Container) -> None:
    for _ in range(20):
        assert container.probe("true", limit=4321) == (0, "")
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "sleep 4321" not in running


def test_a_program_that_is_not_there_is_a_failure(container: Container) -> None:
    code, said = container.probe("no-such-program")
    assert code == 1
    assert "not found" in said


def test_without_a_place_for_its_notes_it_asks_the_own_test_each_time(container: Container) -> None:
    container.directory = container.directory / "none"
    assert container.probe("sh", "-c", "echo hello; exit 4") == (4, "hello\n")


HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
V6 = "0000000000000000FFFF0000"


def lines(*rows: str) -> str:
    return "\n".join([HEAD, *(f"   {number}: {row} 00000000:00000000 00:0" for number, row in enumerate(rows))]) + "\n"


@pytest.mark.parametrize(
    ("tcp", "tcp6", "count"),
    [
        pytest.param((), (), 0, id="nothing"),
        pytest.param(("00000000:1F40 00000000:0000 0A",), (), 0, id="it listens"),
        pytest.param(
            ("00000000:1F40 00000000:0000 0A", "030012AC:1F40 020012AC:D431 01"), (), 1, id="one is connected"
        ),
        pytest.param(("00000000:1F40 00000000:0000 0A", "030012AC:1F40 020012AC:D431 06"), (), 0, id="it was"),
        pytest.param(("00000000:1F40 00000000:0000 0A", "030012AC:D431 020012AC:1F40 01"), (), 0, id="it is a client"),
        pytest.param(("00000000:1F40 00000000:0000 0A", "0100007F:1F40 0100007F:D431 01"), (), 0, id="by loopback"),
        pytest.param(
            ("00000000:1F40 00000000:0000 0A", "030012AC:1F40 7F0012AC:D431 01"),
            (),
            1,
            id="an address that ends in .127",
        ),
        pytest.param(
            (), (f"{'0' * 32}:1F40 {'0' * 32}:0000 0A", f"{V6}030012AC:1F40 {V6}020012AC:D431 01"), 1, id="through IPv6"
        ),
        pytest.param(
            (),
            (f"{'0' * 32}:1F40 {'0' * 32}:0000 0A", f"{V6}0100007F:1F40 {V6}0100007F:D431 01"),
            0,
            id="mapped loopback",
        ),
        pytest.param(
            (),
            (f"{'0' * 32}:1F40 {'0' * 32}:0000 0A", f"{'0' * 24}01000000:1F40 {'0' * 24}01000000:D431 01"),
            0,
            id="::1",
        ),
    ],
)
def test_who_counts_as_connected(
    container: Container, tmp_path: Path, tcp: tuple[str, ...], tcp6: tuple[str, ...], count: int
) -> None:
    container.net = str(tmp_path / "net")
    Path(container.net).mkdir()
    (tmp_path / "net/tcp").write_text(lines(*tcp), encoding="utf-8")
    (tmp_path / "net/tcp6").write_text(lines(*tcp6), encoding="utf-8")
    container.drain()
    code, said = container.probe("true")
    assert (code, said.split(" open connections")[0]) == (1, f"draining: {count}")


def test_many_connections_fit_into_the_health_log(container: Container, tmp_path: Path) -> None:
    container.net = str(tmp_path / "net")
    Path(container.net).mkdir()
    many = [f"{V6}030012AC:1F40 {V6}020012AC:{port:04X} 01" for port in range(0x4000, 0x4400)]
    (tmp_path / "net/tcp").write_text(lines(), encoding="utf-8")
    (tmp_path / "net/tcp6").write_text(lines(f"{'0' * 32}:1F40 {'0' * 32}:0000 0A", *many), encoding="utf-8")
    container.drain()
    _, said = container.probe()
    assert said.startswith("draining: 1024 open connections 1F40<")
    assert len(said) < 4096


def test_what_cannot_be_read_is_not_over(container: Container, tmp_path: Path) -> None:
    container.net = str(tmp_path / "none")
    container.drain()
    assert container.probe() == (1, "draining: ? open connections\n")


def test_a_real_connection_is_seen_and_its_end_too(container: Container, free_address: Callable[[], str]) -> None:
    with socket.create_server((free_address(), 0)) as server:
        port = server.getsockname()[1]
        container.drain()
        with socket.create_connection(server.getsockname(), source_address=(free_address(), 0)):
            # While others come and go, one look may miss a line.
            assert any(f" {port:04X}<" in container.look(port) for _ in range(10))
        server.accept()[0].close()
        assert f" {port:04X}<" not in container.look(port)


@pytest.fixture
def free_address() -> Callable[[], str]:
    """The machine's own address that is not loopback."""

    def address() -> str:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))  # sends nothing
            except OSError:
                pytest.skip("the machine has no address but loopback")
            return str(probe.getsockname()[0])

    return address
