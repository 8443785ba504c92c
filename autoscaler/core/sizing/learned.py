"""What the sizing of one service has learned so far."""

from dataclasses import dataclass, field

from autoscaler.core.model import Sizing
from autoscaler.core.sizing import season, shadow
from autoscaler.core.sizing.capacity import Capacity
from autoscaler.core.sizing.season import Profile

TRUSTED_BINS = 24 * 3600 / shadow.BIN_SECONDS  # a day


@dataclass(frozen=True, slots=True)
class Learned:
    """All that was learned about one service; of bounded size."""

    at: float  # of the latest load
    bin: int
    loads: shadow.Loads = field(default_factory=shadow.new_loads)
    plain: shadow.Field = field(default_factory=lambda: shadow.new_field(1))
    seasonal: shadow.Field = field(default_factory=lambda: shadow.new_field(1))
    profiles: tuple[Profile, ...] = field(default_factory=season.new_profiles)
    capacity: Capacity = field(default_factory=Capacity)
    sizing: Sizing | None = None  # what follows from all that, as of the latest bin

    @property
    def trusted(self) -> bool:
        """Whether enough was seen to follow the shadows."""
        return self.loads.seen >= TRUSTED_BINS and self.plain.leader >= 0
