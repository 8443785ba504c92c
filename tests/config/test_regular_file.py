"""Files are read as regular files of bounded size: whatever else a path names is an error that names it, at once."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from autoscaler.adapters.override_file import FILE, OverrideFile
from autoscaler.config.load import load
from autoscaler.config.regular_file import read_regular
from autoscaler.config.settings import Settings, load_settings
from autoscaler.daemon.reload import Reloader
from autoscaler.errors import ConfigError, StateUnavailable
from autoscaler.events import ConfigLoaded
from tests.support.fakes import Recorder
from tests.support.slow_server import no_longer_than

HUGE = 2**30


def a_fifo(path: Path) -> None:
    os.mkfifo(path)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_directory(path: Path) -> None:
    path.mkdir()


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


def a_gigabyte(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(HUGE)


Make = Callable[[Path], None]
WRONG = [
    (a_fifo, "is a FIFO, not a regular file"),
    (a_device, "is a device, not a regular file"),
    (a_directory, "Is a directory"),
    (a_socket, "is a socket, not a regular file"),
    (a_gigabyte, "is larger than"),
]
wrong = pytest.mark.parametrize(("make", "message"), WRONG, ids=[make.__name__ for make, _ in WRONG])


@wrong
def test_a_file_of_another_kind_is_an_error_that_names_it(tmp_path: Path, make: Make, message: str) -> None:
    make(tmp_path / "file")
    with no_longer_than(20), pytest.raises(OSError, match=message) as failure:
        read_regular(tmp_path / "file", 1000)
    assert failure.value.filename == str(tmp_path / "file")


@pytest.mark.parametrize("size", [0, 999, 1000])
def test_a_file_up_to_the_bound_is_read_whole_through_links_too(tmp_path: Path, size: int) -> None:
    (tmp_path / "file").write_bytes(b"x" * size)
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert read_regular(tmp_path / "link", 1000) == b"x" * size


@wrong
def test_a_policy_file_of_another_kind_is_refused(tmp_path: Path, make: Make, message: str) -> None:
    make(tmp_path / "autoscaler.yaml")
    with no_longer_than(20), pytest.raises(ConfigError, match=message) as failure:
        load(tmp_path / "autoscaler.yaml", Settings())
    assert str(failure.value).startswith(f"{tmp_path}/autoscaler.yaml: ")


@wrong
def test_an_override_file_of_another_kind_is_set_aside(tmp_path: Path, make: Make, message: str) -> None:
    make(tmp_path / FILE)
    with no_longer_than(20), pytest.raises(StateUnavailable, match=message) as failure:
        OverrideFile(tmp_path).load()
    assert str(failure.value).startswith(f"{tmp_path}/{FILE} cannot be read")
    assert OverrideFile(tmp_path).load() == {}


@wrong
def test_a_token_file_of_another_kind_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Make, message: str
) -> None:
    make(tmp_path / "token")
    monkeypatch.setenv("AUTOSCALER_API_TOKEN_FILE", str(tmp_path / "token"))
    with no_longer_than(20), pytest.raises(ConfigError, match=message) as failure:
        load_settings(str(tmp_path))
    assert f"{tmp_path}/token" in str(failure.value)


@wrong
def test_a_secret_of_another_kind_is_refused(tmp_path: Path, make: Make, message: str) -> None:
    make(tmp_path / "autoscaler_api_token")
    (tmp_path / "another_secret").mkdir()
    with no_longer_than(20), pytest.raises(ConfigError, match=message) as failure:
        load_settings(str(tmp_path))
    (line,) = str(failure.value).splitlines()
    assert line.startswith(f"{tmp_path}/autoscaler_api_token: cannot be read: ")


@wrong
def test_a_policy_file_that_becomes_one_of_another_kind_changes_nothing(
    tmp_path: Path, make: Make, message: str
) -> None:
    file, recorder = tmp_path / "autoscaler.yaml", Recorder()
    file.write_text("services: {}\n", encoding="utf-8")

    def read() -> object:
        return load(file, Settings())

    reloader = Reloader(file, read, pytest.fail, recorder.notify)  # type: ignore[arg-type]
    file.unlink()
    make(file)
    with no_longer_than(20):
        for _ in range(3):
            reloader.look()
    (event,) = recorder.of(ConfigLoaded)
    assert message in str(event.problem)


def test_the_null_device_is_an_empty_secret_as_compose_files_mount_it(tmp_path: Path) -> None:
    assert read_regular(Path(os.devnull), 1000) == b""
    (tmp_path / "autoscaler_api_token").symlink_to(os.devnull)
    assert load_settings(str(tmp_path)).api_token is None
