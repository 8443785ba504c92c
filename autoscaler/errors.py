"""Our own errors. Adapters translate what their library raises into one of these at the border."""


class AutoscalerError(Exception):
    """The root: its text is one sentence for the operator."""


class ConfigError(AutoscalerError):
    """A file, variable or argument is wrong; nothing was started or changed."""


class MetricsUnavailable(AutoscalerError):
    """What knows the past readings (Prometheus) does not answer, or not usably."""


class DaemonUnavailable(AutoscalerError):
    """The running daemon does not answer a command, or cannot say what it is asked for."""


class DaemonAbsent(DaemonUnavailable):
    """Nobody listens where the daemon would."""


class StateUnavailable(AutoscalerError):
    """What should survive a restart cannot be read or written; the daemon goes on in memory."""


class TargetUnavailable(AutoscalerError):
    """What holds the replicas (the Docker engine) does not answer; try again later."""


class TargetRefused(AutoscalerError):
    """The service cannot be scaled as it is; trying again changes nothing until somebody changes it."""


class ScaleFailed(AutoscalerError):
    """A replica could not be added or removed; what was begun has been undone.

    `stage` is one of a small fixed set (create, connect, start, ready, stop, remove): it becomes a metric label.
    """

    def __init__(self, stage: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage
