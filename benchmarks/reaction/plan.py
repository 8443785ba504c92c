"""When which service's load steps up; each step at a chance moment between two scrapes and two cycles. Pure."""

import random
from dataclasses import asdict, dataclass
from typing import Any

QUIET_RATE, STEP_RATE = 8, 24  # requests per second; the second comes on top of the first
PATHS = {
    "userservice": "/api/users",
    "music-service": "/api/music",
    "social-service": "/api/social",
    "notification-service": "/api/notifications",
}


@dataclass(frozen=True, slots=True)
class Mode:
    """How fast everything turns, and how long a step and the calm after it must be for that; all in seconds."""

    name: str
    interval_seconds: float  # of the scrapes, and of the cycles
    warm_up_seconds: float
    step_seconds: float
    calm_seconds: float
    goal_seconds: float  # until a new replica serves, at p95

    @property
    def period_seconds(self) -> float:
        """From one step of a service to its next."""
        return self.step_seconds + self.calm_seconds


DEFAULT = Mode("default", 5.0, 25.0, 25.0, 70.0, goal_seconds=15.0)
FAST = Mode("fast", 1.0, 10.0, 14.0, 30.0, goal_seconds=7.0)


@dataclass(frozen=True, slots=True)
class Load:
    """A steady load, in requests per second and in seconds from the start."""

    name: str
    service: str
    rate: int
    start_s: float
    duration_s: float

    def told(self, gateway: str) -> dict[str, Any]:
        """Return it for the script."""
        return {**asdict(self), "url": gateway + PATHS[self.service]}


def loads(mode: Mode, steps: int, seed: int) -> list[Load]:
    """Return the quiet load of each service and `steps` steps of each; the services take turns."""
    draw = random.Random(seed)
    total = mode.warm_up_seconds + steps * mode.period_seconds + mode.step_seconds
    quiet = [Load(f"quiet-{service}", service, QUIET_RATE, 0.0, total) for service in PATHS]
    apart = mode.period_seconds / len(PATHS)
    return quiet + [
        Load(
            f"step-{service}-{number}",
            service,
            STEP_RATE,
            round(
                mode.warm_up_seconds
                + number * mode.period_seconds
                + index * apart
                + draw.uniform(0.0, mode.interval_seconds),
                3,
            ),
            mode.step_seconds,
        )
        for number in range(steps)
        for index, service in enumerate(PATHS)
    ]
