"""What the demo has shown, and whether that is what it should show. Pure."""

from dataclasses import asdict, dataclass

MOST_FAILED = 0.001  # share of the requests


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result, the same as build/demo.json."""

    service: str
    replicas_min: int
    replicas_peak: int
    replicas_end: int
    requests: int
    failed: int
    seconds_to_decision: float | None
    seconds_to_serving: float | None
    owned: bool  # Compose would change nothing

    @property
    def ok(self) -> bool:
        """Tell whether replicas went up and came back, Compose owns them all, and hardly a request failed."""
        return (
            self.replicas_peak > self.replicas_min == self.replicas_end
            and self.owned
            and self.requests > 0
            and self.failed <= MOST_FAILED * self.requests
            and self.seconds_to_serving is not None
        )

    def line(self) -> str:
        """Return the one line that says it all."""
        counts = f"{self.replicas_min}→{self.replicas_peak}→{self.replicas_end} replicas"
        serving = "no new replica served"
        if self.seconds_to_serving is not None:
            serving = f"first new replica serving {self.seconds_to_serving:.1f} s after the step"
        owned = "" if self.owned else ", Compose no longer owns every replica"
        word = "ok" if self.ok else "failed"
        return (
            f"demo: {word}  {self.service} {counts}, {self.requests:,} requests, {self.failed} failed, {serving}{owned}"
        )

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "ok": self.ok}
