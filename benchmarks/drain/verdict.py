"""What became of the requests: counted, and judged. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.drain.streams import QUICK_SECONDS, Stream

LEAST_CHANGES, LEAST_REQUESTS = 20, 20_000
MOST_SLOWER = 1.5  # than the slowest request without any scaling
OK = 200


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as its client saw it."""

    id: str
    stream: Stream
    at: float  # unix seconds
    took_seconds: float
    status: int  # 0: there was no answer
    error: str
    replica: str

    @property
    def failed(self) -> bool:
        return self.status != OK


@dataclass(frozen=True, slots=True)
class Phase:
    """A span of time, in unix seconds; a request belongs to it that was begun in it."""

    start: float
    end: float

    def of(self, requests: Iterable[Request]) -> list[Request]:
        return [request for request in requests if self.start <= request.at < self.end]


@dataclass(frozen=True, slots=True)
class Change:
    """A replica that came or went."""

    service: str
    added: bool
    replica: str
    at: float  # unix seconds; when it was done
    took_seconds: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of some requests."""

    requests: int
    failed: int
    slowest_s: float

    @classmethod
    def of(cls, requests: Sequence[Request]) -> "Tally":
        slowest = max((request.took_seconds for request in requests), default=0.0)
        return cls(len(requests), sum(request.failed for request in requests), round(slowest, 3))


@dataclass(frozen=True, slots=True)
class Run:
    """A whole run: three phases under the same load."""

    baseline: Sequence[Request]
    drained: Sequence[Request]
    stopped: Sequence[Request]
    changes: Sequence[Change]  # of the drained phase
    stopped_changes: Sequence[Change]
    not_sent: int


def request(line: Mapping[str, Any], streams: Mapping[str, Stream]) -> Request:
    """Return what a line of the load's log says."""
    at, took = line["at"] / 1000, line["took"] / 1000
    return Request(line["id"], streams[line["stream"]], at, took, line["status"], line["error"], line["replica"])


def result(run: Run) -> dict[str, Any]:
    """Return the JSON of the run, the verdict with it."""
    told = {**_counts(run.changes), **_compared(run.drained, run.baseline), "not_sent": run.not_sent}
    plain = {**_counts(run.stopped_changes), **asdict(Tally.of(run.stopped))}
    return {
        **told,
        "plain_stop": plain,
        "ok": is_ok(told),
        "by": {what: _table(run, pick) for what, pick in _VIEWS.items()},
        "drain_s": sorted(round(change.took_seconds, 2) for change in run.changes if not change.added),
        "start_s": sorted(round(change.took_seconds, 2) for change in run.changes if change.added),
        "failures": [_failure(each) for each in run.drained if each.failed],
        "plain_failures": [_failure(each) for each in run.stopped if each.failed][:50],
        "baseline_failures": [_failure(each) for each in run.baseline if each.failed],
    }


def is_ok(told: Mapping[str, Any]) -> bool:
    """Tell whether nothing failed, nothing waited, and enough was tried."""
    tried = min(told["scale_ins"], told["scale_outs"]) >= LEAST_CHANGES and told["requests"] >= LEAST_REQUESTS
    lost = told["failed"] + told["not_sent"]
    return bool(tried and lost == 0 and told["slowest_s"] <= MOST_SLOWER * told["baseline_slowest_s"])


def _counts(changes: Iterable[Change]) -> dict[str, int]:
    added = [change.added for change in changes]
    return {"scale_ins": added.count(False), "scale_outs": added.count(True)}


def _compared(requests: Sequence[Request], baseline: Sequence[Request]) -> dict[str, Any]:
    return {**asdict(Tally.of(requests)), "baseline_slowest_s": Tally.of(baseline).slowest_s}


_VIEWS: Mapping[str, Callable[[Stream], str]] = {
    "request": lambda stream: f"{stream.app.work_seconds:g} s",
    "on_sigterm": lambda stream: "finishes" if stream.app.finishes else "dies at once",
    "app_keep_alive": lambda stream: str(stream.app.keep_alive),
    "client_keep_alive": lambda stream: str(stream.keep_alive),
    "retry": lambda stream: str(stream.retry),
    "gateway": lambda stream: stream.gateway,
    "stream": lambda stream: stream.name,
}


def _table(run: Run, pick: Callable[[Stream], str]) -> dict[str, dict[str, Any]]:
    names = sorted({pick(request.stream) for request in (*run.baseline, *run.drained, *run.stopped)})
    return {name: _row(run, lambda request, name=name: pick(request.stream) == name) for name in names}  # type: ignore[misc]


def _row(run: Run, wanted: Callable[[Request], bool]) -> dict[str, Any]:
    drained, baseline, stopped = (
        [request for request in requests if wanted(request)] for requests in (run.drained, run.baseline, run.stopped)
    )
    return {**_compared(drained, baseline), "plain_stop": asdict(Tally.of(stopped))}


def _failure(request: Request) -> dict[str, Any]:
    return {**asdict(request), "stream": request.stream.name}


def sentence(told: Mapping[str, Any]) -> str:
    """Return the result in one line."""
    plain = told["plain_stop"]
    quick = told["by"]["request"][f"{QUICK_SECONDS:g} s"]
    return (
        f"drain: {'ok' if told['ok'] else 'failed'}  {told['scale_outs']} replicas came and {told['scale_ins']} went, "
        f"{told['requests']:,} requests, {told['failed']} failed, slowest {told['slowest_s']:.2f} s (without scaling "
        f"{told['baseline_slowest_s']:.2f} s; of the quick ones {quick['slowest_s']:.2f} s, "
        f"{quick['baseline_slowest_s']:.2f} s); plainly stopped {plain['scale_ins']} times: {plain['failed']:,} of "
        f"{plain['requests']:,} failed, slowest {plain['slowest_s']:.2f} s"
    )
