"""The seconds of all steps of a mode: percentiles, and whether the goal is met. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.reaction.plan import Mode
from benchmarks.reaction.timeline import STAGES, Step

LEAST_STEPS = 10


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return the median, the 95th percentile (linearly interpolated) and the most."""
    cuts = statistics.quantiles(seconds, n=20, method="inclusive") if len(seconds) > 1 else [*seconds] * 19
    return {"p50": round(cuts[9], 2), "p95": round(cuts[18], 2), "max": round(max(seconds), 2)}


def result(mode: Mode, steps: Sequence[Step], missing: Sequence[str], failed: int, requests: int) -> dict[str, Any]:
    """Return the JSON of one mode."""
    told: dict[str, Any] = {"steps": len(steps), "missing": list(missing), "requests": requests, "failed": failed}
    if steps:
        told |= {
            "to_decision_s": percentiles([each.decided_at - each.stepped_at for each in steps]),
            "to_ready_s": percentiles([each.ready_at - each.stepped_at for each in steps]),
            "to_serving_s": percentiles([each.served_at - each.stepped_at for each in steps]),
            "stages_s": {name: percentiles([each.stages[name] for each in steps]) for name in STAGES},
        }
    ok = len(steps) >= LEAST_STEPS and not missing and told["to_serving_s"]["p95"] <= mode.goal_seconds
    rows = [{**asdict(each), **{f"{name}_s": round(took, 3) for name, took in each.stages.items()}} for each in steps]
    return {**told, "goal_s": mode.goal_seconds, "ok": ok, "each": rows}


def sentence(name: str, told: Mapping[str, Any]) -> str:
    """Return the result of one mode in one line."""
    if not told["steps"]:
        return f"reaction, {name}: failed  {'; '.join(told['missing'])}"
    parts = ", ".join(f"{what} {took['p50']:.1f}/{took['p95']:.1f}" for what, took in told["stages_s"].items())
    decision, ready, serving = (told[f"to_{what}_s"] for what in ("decision", "ready", "serving"))
    missing = f", {len(told['missing'])} without a reaction" if told["missing"] else ""
    return (
        f"reaction, {name}: {'ok' if told['ok'] else 'failed'}  {told['steps']} steps{missing}; p50/p95: decided after "
        f"{decision['p50']:.1f}/{decision['p95']:.1f} s, ready {ready['p50']:.1f}/{ready['p95']:.1f} s, serving "
        f"{serving['p50']:.1f}/{serving['p95']:.1f} s (goal {told['goal_s']:g} s); {parts}; "
        f"{told['failed']} of {told['requests']:,} requests failed"
    )
