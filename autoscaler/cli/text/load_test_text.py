"""The result of a load test, as text and as JSON."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.progress import Progress
from rich.text import Text

from autoscaler.cli.text.output import VisibleConsole, console, facts
from autoscaler.formats import format_duration, without_user
from autoscaler.loadtest.answers import Answer, Spread, percentile
from autoscaler.loadtest.client import Load
from autoscaler.loadtest.verdict import Balance, Verdict

_BAR = 40  # characters of the longest


@dataclass(frozen=True, slots=True)
class LoadTestResult:
    """The result of a load test: `names` are all known replicas, also those that gave no answer."""

    service: str
    load: Load
    answers: Sequence[Answer]
    spread: Spread
    verdict: Verdict
    names: Sequence[str]

    @property
    def good(self) -> list[float]:
        """The durations of the good answers, in seconds."""
        return [answer.seconds for answer in self.answers if answer.ok]

    @property
    def passed(self) -> bool:
        """Whether every request succeeded, and the spread is not uneven."""
        return len(self.good) == len(self.answers) > 0 and self.verdict.balance is not Balance.UNEVEN

    @property
    def counts(self) -> dict[str, int]:
        """Good answers by replica, in the order of their names."""
        counts = self.spread.counts
        silent = self.names if self.spread.identified_by is not None and set(counts) <= set(self.names) else ()
        return {name: counts.get(name, 0) for name in sorted({*counts, *silent}, key=_by_number)}

    @property
    def latency(self) -> dict[str, float]:
        """Mean and percentiles of the good answers, in seconds; empty without any."""
        if not self.good:
            return {}
        ranks = {f"p{share}": percentile(self.good, share / 100) for share in (50, 95, 99)}
        return {"mean": sum(self.good) / len(self.good), **ranks}


def _by_number(name: str) -> tuple[str, int, str]:
    head, _, number = name.rpartition("-")
    return (head, int(number), "") if number.isdecimal() else (name, 0, "")


def as_json(outcome: LoadTestResult) -> dict[str, Any]:
    """Return the result as JSON; durations in seconds."""
    return {
        "service": outcome.service,
        "url": without_user(outcome.load.url),
        "host": outcome.load.host,
        "requests": len(outcome.answers),
        "ok": len(outcome.good),
        "problems": _problems(outcome),
        "latency_seconds": outcome.latency,
        "replicas": outcome.counts,
        "told_by": outcome.spread.identified_by,
        "balance": outcome.verdict.balance,
        "verdict": outcome.verdict.words,
        "passed": outcome.passed,
    }


def _problems(outcome: LoadTestResult) -> dict[str, int]:
    return dict(Counter(answer.problem for answer in outcome.answers if not answer.ok).most_common())


def print_outcome(outcome: LoadTestResult) -> None:
    """Print the result; its last line is the verdict."""
    load = outcome.load
    site, cookies = "" if load.host is None else f" as {load.host}", "kept" if load.cookies else "not kept"
    console.print(
        f"{outcome.service} at {without_user(load.url)}{site}: {load.requests} requests by {load.concurrency}, "
        f"{format_duration(load.delay_seconds)} apart, cookies {cookies}"
    )
    console.print(
        facts(
            ("latency", [", ".join(f"{name} {_ms(seconds)}" for name, seconds in outcome.latency.items())]),
            ("failed", [f"{count} x {problem}" for problem, count in _problems(outcome).items()]),
            ("replicas", _bars(outcome.counts)),
            ("known by", [outcome.spread.identified_by or ""]),
        )
    )
    console.print(Text(_last_line(outcome), style="green" if outcome.passed else "red"))


def _bars(counts: dict[str, int]) -> Iterator[str]:
    longest, width = max(counts.values(), default=0), max(map(len, counts), default=0)
    for name, count in counts.items():
        bar = "█" * max(1 if count else 0, round(_BAR * count / max(1, longest)))
        yield f"{name:<{width}}  {count:>{len(str(longest))}}  {bar}".rstrip()


def _last_line(outcome: LoadTestResult) -> str:
    sign = "✓" if outcome.passed else "✗"
    parts = [f"{sign} {len(outcome.good)}/{len(outcome.answers)} ok"]
    if outcome.latency:
        parts.append(f"p95 {_ms(outcome.latency['p95'])}")
    shares = " / ".join(f"{name} {count}" for name, count in outcome.counts.items())
    parts.append(f"{shares} → {outcome.verdict.words}" if shares else outcome.verdict.words)
    return " | ".join(parts)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


@contextmanager
def progress_bar(load: Load) -> Iterator[Callable[[], None]]:
    """Show on a terminal how far the load is; yield what to call after each request."""
    with Progress(console=VisibleConsole(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("requests", total=load.requests)
        yield lambda: progress.advance(task)
