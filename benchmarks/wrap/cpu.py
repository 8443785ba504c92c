"""CPU time that has been used, in seconds: by the machine, and by the engine for some containers."""

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy.lab.shell import LabError

PROC = Path("/proc")
ENGINE = ("dockerd", "containerd")
SHIM = "containerd-shim"
IDLE, IOWAIT, GUEST = 3, 4, 8  # columns of /proc/stat; guest time is in user time, too
_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cpu:
    """What had been used up to an instant."""

    machine: float
    engine: float

    def __sub__(self, before: "Cpu") -> "Cpu":
        return Cpu(self.machine - before.machine, self.engine - before.engine)


@dataclass(frozen=True, slots=True)
class Meter:
    """Reads what the engine's processes have used, and the shims of some containers with all that they have reaped."""

    processes: Collection[int]

    @classmethod
    def of(cls, containers: Collection[str]) -> "Meter":
        """Return the meter of these containers, by their ids.

        Raises:
            LabError: the engine's processes are not to be seen from here.
        """
        found = {int(folder.name): _command(folder) for folder in PROC.iterdir() if folder.name.isdecimal()}
        engine = {process for process, words in found.items() if words and Path(words[0]).name in ENGINE}
        if not engine:
            raise LabError("no dockerd runs on this machine: its CPU time cannot be measured from here")
        shims = {process for process, words in found.items() if is_shim(words, containers)}
        return cls(engine | shims)

    def read(self) -> Cpu:
        stats = [(PROC / str(process) / "stat").read_text(encoding="utf-8") for process in self.processes]
        machine = (PROC / "stat").read_text(encoding="utf-8").partition("\n")[0]
        return Cpu(machine_seconds(machine), sum(map(process_seconds, stats)))


def _command(folder: Path) -> list[str]:
    try:
        return (folder / "cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
    except OSError:
        return []  # it has ended meanwhile


def is_shim(words: Iterable[str], containers: Collection[str]) -> bool:
    """Tell whether a command line is that of the shim of one of these containers."""
    name, *rest = [*words, ""]
    return Path(name).name.startswith(SHIM) and any(word in containers for word in rest)


def machine_seconds(line: str) -> float:
    """Return the busy time of all cores together that the first line of /proc/stat tells."""
    ticks = [int(word) for word in line.split()[1:]]
    return sum(tick for column, tick in enumerate(ticks[:GUEST]) if column not in {IDLE, IOWAIT}) * _TICK_SECONDS


def process_seconds(stat: str) -> float:
    """Return the time of a process and of the children that it has waited for, as /proc/PID/stat tells."""
    fields = stat.rpartition(")")[2].split()  # the name may have spaces; what follows begins with field 3
    return sum(int(tick) for tick in fields[11:15]) * _TICK_SECONDS
