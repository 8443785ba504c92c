"""An operator's intervention in one service, as a frozen value."""

from dataclasses import dataclass

from autoscaler.core.model import Override


@dataclass(frozen=True, slots=True)
class Intervention:
    """A pause, an override, both or neither; each until a time in unix seconds."""

    paused_until: float | None = None
    override: Override | None = None

    def at(self, now: float) -> "Intervention":
        """Return the parts that are in force at `now`."""
        paused = self.paused_until is not None and now < self.paused_until
        overridden = self.override is not None and now < self.override.until
        return Intervention(self.paused_until if paused else None, self.override if overridden else None)


NONE = Intervention()
