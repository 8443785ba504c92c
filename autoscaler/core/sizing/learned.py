"""The state that the sizing of one service has learned."""

from dataclasses import dataclass, field

from autoscaler.core.model import Sizing
from autoscaler.core.sizing import season, shadow
from autoscaler.core.sizing.capacity import Capacity
from autoscaler.core.sizing.season import Profile

TRUSTED_BINS = 24 * 3600 / shadow.BIN_SECONDS  # a day


@dataclass(frozen=True, slots=True)
class Learned:
    """The learned state of one service; of bounded size."""

    at: float  # of the latest load
    bin: int
    loads: shadow.Loads = field(default_factory=shadow.Loads)
    plain: shadow.Field = field(default_factory=lambda: shadow.new_field(1))
    seasonal: shadow.Field = field(default_factory=lambda: shadow.new_field(1))
    profiles: tuple[Profile, ...] = field(default_factory=season.new_profiles)
    capacity: Capacity = field(default_factory=Capacity)
    sizing: Sizing | None = None  # the result, as of the latest bin

    @property
    def trusted(self) -> bool:
        """Whether enough load was observed to use the shadows."""
        return self.loads.seen >= TRUSTED_BINS and self.plain.leader >= 0
