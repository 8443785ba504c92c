"""Writes rehearsals to files: a PNG, or one self-contained web page. Both need matplotlib, which is an extra."""

import errno
import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import Literal

from autoscaler.errors import ConfigError
from autoscaler.rehearse.charts.page import page
from autoscaler.rehearse.run import Run

_NO_LINK = os.O_NOFOLLOW | os.O_CLOEXEC  # in a folder of all users, such as /tmp, a link may be a trap
_MISSING = "PNG and HTML charts need matplotlib; install traefik-autoscaler[charts]"


def check_places(*paths: Path | None) -> None:
    """Check before the work that each path (if not None) can be written after it.

    Raises ConfigError as the writers do.
    """
    for path in filter(None, paths):
        if find_spec("matplotlib") is None:
            raise ConfigError(_MISSING)
        try:
            if path.is_symlink() or path.exists():
                os.close(os.open(path, os.O_WRONLY | _NO_LINK))
            else:
                TemporaryFile(dir=path.parent).close()
        except OSError as error:
            raise _unwritable(path, error) from error


def write_png(runs: Sequence[Run], path: Path) -> None:
    """Write the chart of one policy, or of two to compare; replaces the file.

    Raises ConfigError when matplotlib is missing or the file cannot be written.
    """
    _write(path, _draw(runs, "png"))


def write_html(runs: Sequence[Run], path: Path) -> None:
    """Write a self-contained page with figures, caveats, chart and decisions; replaces the file.

    Raises ConfigError when matplotlib is missing or the file cannot be written.
    """
    _write(path, page(runs, _draw(runs, "svg").decode()).encode())


def _draw(runs: Sequence[Run], kind: Literal["png", "svg"]) -> bytes:
    try:
        import matplotlib.figure  # noqa: F401, PLC0415

        from autoscaler.rehearse.charts import drawing  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(_MISSING) from error
    return drawing.draw(runs, kind)


def _write(path: Path, content: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_LINK, 0o666)
        with open(descriptor, "wb") as file:  # noqa: PTH123  a descriptor
            file.write(content)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> ConfigError:
    link = error.errno == errno.ELOOP and path.is_symlink()
    why = "it is a symbolic link; name the file itself" if link else error.strerror or error
    return ConfigError(f"cannot write {path}: {why}")
