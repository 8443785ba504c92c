"""The autoscaler's errors. Adapters translate their library's exceptions into these."""

from autoscaler.formats import one_line, visible


class AutoscalerError(Exception):
    """The base class: its text is one sentence for the operator, whatever foreign text it quotes."""

    def __init__(self, message: str) -> None:
        super().__init__(visible(message))


class ConfigError(AutoscalerError):
    """A file, variable or argument is wrong; nothing was started or changed."""


class MetricsUnavailable(AutoscalerError):
    """The metrics server (Prometheus) does not answer, or its answer is not usable."""


class DaemonUnavailable(AutoscalerError):
    """The running daemon does not answer a command, or cannot answer it."""


class DaemonAbsent(DaemonUnavailable):
    """No process listens at the daemon's address."""


class StateUnavailable(AutoscalerError):
    """State for a restart cannot be read or written; the daemon continues in memory."""


class TargetUnavailable(AutoscalerError):
    """The target of the replicas (the Docker engine) does not answer; try again later."""


class MalformedAnswer(TargetUnavailable):
    """One answer of the target is not of its shape: what it is about is unknown, and all else is as it was."""


class TargetRefused(AutoscalerError):
    """The service cannot be scaled until its definition changes; a retry does not help."""


class ScaleFailed(AutoscalerError):
    """A replica could not be added or removed; the partial work has been undone.

    `stage` is one of a small fixed set (create, connect, start, ready, drain, stop, remove); it becomes a metric label.
    """

    def __init__(self, stage: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage


def unexpected(error: object) -> str:
    """Write an error that is not one of ours: a fault of the program, or of what it was answered."""
    return f"{type(error).__name__}: {one_line(str(error))}"
