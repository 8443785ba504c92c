"""Formats totals as the lines of a summary, with the difference between two policies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from autoscaler.formats import format_duration
from autoscaler.rehearse.backtest.totals import Totals
from autoscaler.rehearse.run import Figure

NOT_KNOWN = "not known"
_TOP = 3
_HOUR_SECONDS = 3600
_whole, _one_digit, _two_digits = "{:,.0f}".format, "{:,.1f}".format, "{:,.2f}".format


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the summary: the value as text, and as a number where a difference makes sense."""

    name: str
    value: str
    number: float | None = None
    unit: Callable[[float], str] = str  # writes a difference without its sign

    @property
    def figure(self) -> Figure:
        return Figure(self.name, self.value, self.number)


def summary_lines(totals: Totals) -> tuple[Line, ...]:
    """Return the summary of one policy; numbers are in seconds, hours and replicas, shares 0 to 1."""
    replayed = f"{format_span(totals.seconds)}, {totals.evaluations:,} evaluations"
    return (
        Line("replayed", replayed, totals.seconds, format_span),
        _per_hour("changes per hour", totals.changes, totals),
        _per_hour("reversals per hour", totals.reversals, totals),
        Line("replica-hours", f"{totals.replica_hours:,.1f}", totals.replica_hours, _one_digit),
        _against_then(totals),
        Line("replicas on average", f"{totals.mean_replicas:.2f}", totals.mean_replicas, _two_digits),
        Line("fewest replicas", f"{totals.least_replicas}", totals.least_replicas, _whole),
        Line("replicas at the peak", f"{totals.most_replicas}", totals.most_replicas, _whole),
        _at_maximum(totals),
        *_shortage(totals),
        _blind(totals),
        Line("limits that held longest", _top(totals.limit_seconds, format_span)),
        Line("changes by reason", _top(totals.decisions, _whole)),
    )


def difference(first: Line, second: Line) -> str:
    """Return the second value minus the first, with its sign; empty without numbers."""
    if first.number is None or second.number is None:
        return ""
    more = second.number - first.number
    words = first.unit(abs(more))
    return "same" if words == first.unit(0.0) else f"{'+' if more > 0 else '-'}{words}"


def compare(first: Sequence[Line], second: Sequence[Line]) -> tuple[tuple[str, str, str, str], ...]:
    """Return name, both values and the difference of each line of either."""
    others = {line.name: line for line in second}
    rows = [(line, others.pop(line.name, Line(line.name, NOT_KNOWN))) for line in first]
    rows += [(Line(line.name, NOT_KNOWN), line) for line in others.values()]
    return tuple((one.name, one.value, two.value, difference(one, two)) for one, two in rows)


def format_span(seconds: float) -> str:
    """Write a span rounded to the second, above an hour to the minute."""
    whole = round(seconds) if seconds < _HOUR_SECONDS else round(seconds / 60) * 60
    return format_duration(float(whole))


def _per_hour(name: str, count: int, totals: Totals) -> Line:
    per_hour = count / totals.hours
    return Line(name, f"{per_hour:.2f} ({count:,})", per_hour, _two_digits)


def _points(share: float) -> str:
    return f"{share * 100:.2f} points"


def _against_then(totals: Totals) -> Line:
    name = "replica-hours against then"
    then, replayed = totals.real_replica_hours, totals.replica_hours_compared
    if not then or replayed is None:
        return Line(name, NOT_KNOWN)
    return Line(name, f"{replayed / then - 1:+.1%} (of {then:,.1f})", replayed / then - 1, _points)


def _at_maximum(totals: Totals) -> Line:
    at_max, more = totals.seconds_at_max, totals.seconds_wanting_more
    words = _part(at_max, totals.seconds) + (f", {format_span(more)} of it wanting more" if more else "")
    return Line("time at the maximum", words, at_max, format_span)


def _shortage(totals: Totals) -> tuple[Line, ...]:
    time, load = "time with too little capacity", "load in that time"
    short = totals.shortage
    if short is None:
        return (Line(time, NOT_KNOWN), Line(load, NOT_KNOWN))
    return (
        Line(time, _part(short.seconds, short.of_seconds), short.seconds, format_span),
        Line(load, f"{short.load_share:.2%}", short.load_share, _points),
    )


def _part(seconds: float, whole: float) -> str:
    return f"{format_span(seconds)} ({seconds / whole:.1%})" if seconds else "never"


def _blind(totals: Totals) -> Line:
    if not totals.blind:
        return Line("blind periods", "none", 0.0, format_span)
    seconds = [period.seconds for period in totals.blind]
    words = f"{len(seconds)}, {format_span(sum(seconds))} in all, {format_span(max(seconds))} the longest"
    return Line("blind periods", words, sum(seconds), format_span)


def _top(amounts: Mapping[str, float] | Mapping[str, int], words: Callable[[float], str]) -> str:
    return ", ".join(f"{name} {words(amount)}" for name, amount in list(amounts.items())[:_TOP]) or "nothing"
