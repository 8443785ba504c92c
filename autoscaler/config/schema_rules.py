"""The schema of `rules`: what a rule measures and what it wants."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from autoscaler.config.fields import Bound, Count, Duration, Model, Positive, latency, number
from autoscaler.config.sizes import MOST_ENTRIES
from autoscaler.core.policy import Goal, OnMissing, Rule, Signal, StepChange

TARGET_SIGNALS = (Signal.LATENCY, Signal.ERROR_RATIO)
RULE_SIGNALS = (Signal.REQUESTS, Signal.CONCURRENCY, *TARGET_SIGNALS)


def _rule_signal(value: object) -> Signal:
    found = next((signal for signal in RULE_SIGNALS if signal == value), None)
    if found is None:
        raise ValueError("must be one of 'requests', 'concurrency', 'latency' or 'error_ratio'")
    return found


class StepModel(Model):
    """One step: while the value is above (or below) a bound, add, remove or set replicas."""

    above: Bound | None = None
    below: Bound | None = None
    add: Count | None = None
    remove: Count | None = None
    add_percent: Annotated[int, Field(ge=1, le=1000)] | None = None
    remove_percent: Annotated[int, Field(ge=1, le=100)] | None = None
    set: Count | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("needs exactly one of `above` and `below`")
        if len(self._changes) != 1:
            raise ValueError("needs exactly one of `add`, `remove`, `add_percent`, `remove_percent` and `set`")
        if self.above is not None and self.change[1] < 0:
            raise ValueError("a step `above` a bound takes `add`, `add_percent` or `set`: more load never lowers")
        if self.below is not None and (self.add or self.add_percent):
            raise ValueError("a step `below` a bound takes `remove`, `remove_percent` or `set`: less load never raises")
        return self

    @property
    def _changes(self) -> list[tuple[StepChange, int]]:
        signed = (
            (StepChange.ADD, self.add, 1),
            (StepChange.ADD, self.remove, -1),
            (StepChange.PERCENT, self.add_percent, 1),
            (StepChange.PERCENT, self.remove_percent, -1),
            (StepChange.SET, self.set, 1),
        )
        return [(change, sign * amount) for change, amount, sign in signed if amount is not None]

    @property
    def change(self) -> tuple[StepChange, int]:
        """The step's change; negative amounts remove."""
        return self._changes[0]


class RuleModel(Model):
    """One rule: a signal or a query, and a per_replica value, a target or steps."""

    signal: Annotated[Signal, BeforeValidator(_rule_signal)] | None = None
    query: Annotated[str, Field(min_length=1)] | None = None
    quantile: Annotated[float, Field(gt=0, lt=1)] | None = None
    window: Duration | None = None
    per_replica: Positive | None = None
    target: Bound | None = None
    steps: Annotated[list[StepModel], Field(min_length=1, max_length=MOST_ENTRIES)] | None = None
    activation: Bound | None = None
    cap: bool = Rule.cap
    required: bool = Rule.required
    on_empty: Annotated[OnMissing, Field(strict=False)] = Rule.on_empty
    on_nan: Annotated[OnMissing, Field(strict=False)] = Rule.on_nan

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if (self.signal is None) == (self.query is None):
            raise ValueError("needs exactly one of `signal` and `query`")
        if [self.per_replica, self.target, self.steps].count(None) != 2:  # noqa: PLR2004
            raise ValueError("needs exactly one of `per_replica`, `target` and `steps`")
        if self.signal is not None:
            self._check_signal(self.signal)
        if self.quantile is not None and self.signal is not Signal.LATENCY:
            raise ValueError("`quantile` goes with `signal: latency` only")
        if self.cap:
            self._check_cap()
        self._check_steps()
        _ = self.target_value, self.activation_value
        return self

    def _check_signal(self, signal: Signal) -> None:
        if self.window is not None and self.window <= 0:
            raise ValueError('`window` of a signal must be above "0s"')
        if self.steps is not None:
            return
        if signal in TARGET_SIGNALS and self.target is None:
            raise ValueError(
                f"`signal: {signal}` takes `target`, not `per_replica`: adding replicas does not divide it"
            )
        if signal not in TARGET_SIGNALS and self.per_replica is None:
            raise ValueError(f"`signal: {signal}` takes `per_replica`, not `target`: it is a total over all replicas")

    def _check_cap(self) -> None:
        if self.goal is not Goal.PER_REPLICA:
            raise ValueError("`cap` goes with `per_replica`: the value over it is the most replicas that there may be")
        if OnMissing.ZERO in {self.on_empty, self.on_nan}:
            raise ValueError(
                "`cap` goes with `hold` or `error`, not `zero`: a missing reading would lower to the minimum"
            )
        if self.activation is not None:
            raise ValueError("`cap` goes without `activation`: a cap wants nothing anyway")

    def _check_steps(self) -> None:
        highest, lowest = max(self._bounds(above=False), default=None), min(self._bounds(above=True), default=None)
        if highest is not None and lowest is not None and highest > lowest:
            raise ValueError("`steps` overlap: every `below` must be at most the least `above`")

    def _bounds(self, *, above: bool) -> list[float]:
        return [self.step_bound(step) for step in self.steps or () if (step.above is not None) == above]

    @property
    def goal(self) -> Goal:
        if self.steps is not None:
            return Goal.STEPS
        return Goal.PER_REPLICA if self.target is None else Goal.TARGET

    @property
    def target_value(self) -> float:
        """The goal's value in the source's unit; of steps, the lowest bound that raises, or else the highest."""
        if self.steps is not None:
            return min(self._bounds(above=True), default=max(self._bounds(above=False), default=0.0))
        if self.target is None:
            return self.per_replica or 0.0
        value = self._in_units("target", self.target)
        if value <= 0:
            raise ValueError(f"`target` must be above 0, not {self.target!r}")
        if self.signal is Signal.ERROR_RATIO and value >= 1:
            raise ValueError(f"`target` of an error_ratio must be between 0 and 1, not {value:g}")
        return value

    @property
    def activation_value(self) -> float | None:
        return None if self.activation is None else self._in_units("activation", self.activation)

    def step_bound(self, step: StepModel) -> float:
        """The bound of a step in the source's unit."""
        bound = step.below if step.above is None else step.above
        assert bound is not None  # noqa: S101  a step has one of the two
        return self._in_units("steps", bound)

    def _in_units(self, key: str, value: Bound) -> float:
        if self.signal is Signal.LATENCY:
            return latency(key, value)
        found = number(key, value)
        if found < 0 and self.signal is not None and key != "target":
            raise ValueError(
                f"`{key}` of the signal {self.signal} must be at least 0, as its values are, not {value!r}"
            )
        return found
