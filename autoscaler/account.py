"""The account of an evaluation: what was decided, from what, and what was done. API, journal and commands tell it."""

from dataclasses import dataclass
from typing import Any

from autoscaler.core.model import Decision
from autoscaler.core.policy import Policy, Rule
from autoscaler.core.schedule import Bounds, bounds_at
from autoscaler.events import Action, ServiceOutcome
from autoscaler.intervention import NONE, Intervention
from autoscaler.plain import plain


@dataclass(frozen=True, slots=True)
class Account:
    """One evaluation of a service, or a run of evaluations that came to the same; then `decision` is the first's.

    Without a decision, `error` says why there is none. Times in unix seconds.
    """

    service: str
    at: float
    last_at: float
    times: int
    action: Action
    error: str | None
    decision: Decision | None
    bounds: Bounds  # as of `at`
    rules: tuple[Rule, ...]
    held: str | None = None  # why the decision was not acted on, in words
    intervention: Intervention = NONE  # of an operator, in force


def account(outcome: ServiceOutcome, policy: Policy, at: float) -> Account:
    """Return the account of what a cycle did about a service at `at` (unix seconds)."""
    return Account(
        service=outcome.service,
        at=at,
        last_at=at,
        times=1,
        action=outcome.action,
        error=outcome.error,
        decision=outcome.decision,
        bounds=bounds_at(policy.min_replicas, policy.max_replicas, policy.schedules, at),
        rules=policy.rules,
        held=outcome.held,
        intervention=outcome.intervention,
    )


def plain_account(told: Account) -> dict[str, Any]:
    """Return the account as JSON knows it, the decision's direction included."""
    values: dict[str, Any] = plain(told)
    if told.decision is not None:
        values["decision"]["direction"] = told.decision.direction.value
    return values
