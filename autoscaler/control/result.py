"""The result of an operation -> its event, and the stage that a failure is counted under."""

from autoscaler.core.model import Decision
from autoscaler.errors import AutoscalerError, ScaleFailed, TargetRefused, TargetUnavailable
from autoscaler.events import OperationFinished


def operation_finished(
    decision: Decision, after: int, duration_seconds: float, failure: AutoscalerError | None
) -> OperationFinished:
    return OperationFinished(
        service=decision.service,
        direction=decision.direction,
        reason=decision.reason.value,
        before=decision.replicas.count,
        after=after,
        at=decision.at,
        duration_seconds=duration_seconds,
        error=None if failure is None else str(failure),
        stage=failure_stage(failure),
    )


def failure_stage(failure: AutoscalerError | None) -> str | None:
    """Return the `stage` label that a failure is counted under."""
    match failure:
        case None:
            return None
        case ScaleFailed():
            return failure.stage
        case TargetRefused():
            return "refused"
        case TargetUnavailable():
            return "unavailable"
        case _:
            return "unexpected"
