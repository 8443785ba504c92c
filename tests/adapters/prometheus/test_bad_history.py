"""Servers that are dead, slow or lying about the past: an error that says so, and never half a past."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from autoscaler.adapters.prometheus.client import PrometheusClient
from autoscaler.adapters.prometheus.history import PrometheusHistory
from autoscaler.core.policy import Query, Signal, TraefikSignal
from autoscaler.errors import MetricsUnavailable
from autoscaler.events import PrometheusAsked
from autoscaler.ports.metrics import SignalRequest, Span
from deploy.lab.ports import free_ports
from tests.adapters.prometheus.conftest import Answer, Server, says
from tests.support.builders import NOW
from tests.support.fakes import Recorder

BACKLOG = SignalRequest(Query("sum(backlog)"))
USERS = SignalRequest(TraefikSignal(Signal.REQUESTS, 60.0), "users@docker")
SPAN = Span(NOW, NOW + 30.0, 15.0)
POINTS = f'[{NOW},"5"],[{NOW + 30.0},"7"]'


def matrix(points: str = POINTS, more: str = "") -> Answer:
    """A successful answer of one series with these points."""
    series = f'{{"metric":{{}},"values":[{points}]}}'
    return says(200, f'{{"status":"success","data":{{"resultType":"matrix","result":[{series}]}}{more}}}')


def error_json(kind: str, text: str) -> str:
    return f'{{"status":"error","errorType":"{kind}","error":"{text}"}}'


def nobody(_: float) -> None:
    """Hear no progress."""


def past(url: str, recorder: Recorder | None = None, timeout_seconds: float = 10.0) -> PrometheusHistory:
    emit = (recorder or Recorder()).notify
    client = PrometheusClient(url, timeout_seconds=timeout_seconds, emit=emit)
    return PrometheusHistory(client, max_sample_age_seconds=30.0)


def test_a_good_answer_is_read_instant_by_instant(server: Server) -> None:
    server.answer, recorder = matrix(), Recorder()
    readings = past(server.url, recorder).read_range([BACKLOG], SPAN, progress=nobody)[BACKLOG]
    assert [reading.value for reading in readings] == [5.0, None, 7.0]
    assert server.queries[0] == {
        "query": "sum(backlog)",
        "start": f"{NOW:.3f}",
        "end": f"{NOW + 30:.3f}",
        "step": "15.000",
        "timeout": "10000ms",
        "lookback_delta": "30000ms",
    }
    assert [event.error for event in recorder.of(PrometheusAsked)] == [None]


@pytest.mark.parametrize(
    ("answer", "words", "counted"),
    [
        pytest.param(says(500, "oops"), "answered with HTTP status 500", "http", id="500"),
        pytest.param(says(401, "who?"), "it wants credentials", "http", id="401"),
        pytest.param(
            says(422, error_json("execution", "too many samples")),
            "refused the query: too many samples",
            "query",
            id="a query that fails",
        ),
        pytest.param(
            matrix(more=',"warnings":["store b did not answer"]'),
            "gave a partial answer: store b did not answer",
            "partial",
            id="a partial answer",
        ),
        pytest.param(says(200, "<html>"), "does not answer like Prometheus", "format", id="HTML"),
        pytest.param(says(200, '{"status":"success"}'), "not answer like Prometheus", "format", id="no data"),
        pytest.param(says(200, '{"data":{"result":{}}}'), "not answer like Prometheus", "format", id="no matrix"),
        pytest.param(says(200, '{"status":"succ'), "not answer like Prometheus", "format", id="half an answer"),
        pytest.param(
            says(200, f'{{"status":"success","data":{{"resultType":"scalar","result":[{NOW},"5"]}}}}'),
            "not answer like Prometheus",
            "format",
            id="a scalar",
        ),
        pytest.param(matrix(f'[{NOW + 45.0},"1"]'), "not answer like", "format", id="a sample after the span"),
        pytest.param(matrix(f'[{NOW - 15.0},"1"]'), "not answer like", "format", id="a sample before the span"),
        pytest.param(matrix('["now","1"]'), "not answer like", "format", id="a time that is none"),
    ],
)
@pytest.mark.parametrize("request_", [BACKLOG, USERS], ids=["a query", "a signal"])
def test_a_bad_answer_is_an_error_with_the_words_of_the_present(
    server: Server, answer: Answer, words: str, counted: str, request_: SignalRequest
) -> None:
    server.answer, recorder = answer, Recorder()
    with pytest.raises(MetricsUnavailable, match=words):
        past(server.url, recorder).read_range([request_], SPAN, progress=nobody)
    with pytest.raises(MetricsUnavailable, match=words):
        past(server.url).replicas_range([request_], SPAN)
    assert [event.error for event in recorder.of(PrometheusAsked)] == [counted]


def test_a_refused_connection_is_an_error_that_says_what_to_check() -> None:
    (port,) = free_ports(1)
    with pytest.raises(MetricsUnavailable, match="check that it runs and that prometheus"):
        past(f"http://127.0.0.1:{port}").read_range([BACKLOG], SPAN, progress=nobody)


def test_a_slow_server_is_given_up(server: Server) -> None:
    def never(_: BaseHTTPRequestHandler) -> None:
        server.released.wait(20)

    server.answer = never
    with pytest.raises(MetricsUnavailable, match=r"did not answer within 0\.3 s"):
        past(server.url, timeout_seconds=0.3).read_range([BACKLOG], SPAN, progress=nobody)


def flood_unless_short(server: Server, most_seconds: float) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answer with more than we read, unless few instants are asked for."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked = server.queries[-1]
        start, end = float(asked["start"]), float(asked["end"])
        if end - start > most_seconds:
            return says(200, b" " * (17 * 2**20))(request)
        return matrix(",".join(f'[{at},"{at - NOW}"]' for at in (start, end)))(request)

    return answer


def test_an_answer_that_is_too_large_is_asked_for_in_halves(server: Server) -> None:
    server.answer = flood_unless_short(server, most_seconds=15.0)
    readings = past(server.url).read_range([BACKLOG], Span(NOW, NOW + 45.0, 15.0), progress=nobody)[BACKLOG]
    assert [reading.value for reading in readings] == [0.0, 15.0, 30.0, 45.0]


def test_an_instant_that_is_too_large_is_an_error(server: Server) -> None:
    server.answer = flood_unless_short(server, most_seconds=-1.0)
    with pytest.raises(MetricsUnavailable, match="too large: more than 2 MiB"):
        past(server.url).read_range([BACKLOG], SPAN, progress=nobody)


@pytest.mark.parametrize(
    ("span", "most", "lengths"),
    [
        pytest.param(Span(NOW, NOW + 9.0, 1.0), 4, [4, 4, 2], id="a rest"),
        pytest.param(Span(NOW, NOW + 7.0, 1.0), 4, [4, 4], id="no rest"),
        pytest.param(Span(NOW + 0.123, NOW + 900.0, 0.3), 1000, [1000, 1000, 1000], id="steps that floats cannot hold"),
        pytest.param(Span(NOW, NOW - 1.0, 1.0), 4, [], id="nothing"),
    ],
)
def test_chunks_hold_every_instant_once(span: Span, most: int, lengths: list[int]) -> None:
    cut = list(span.chunks(most))
    assert [len(chunk) for chunk in cut] == lengths
    assert [at for chunk in cut for at in chunk.instants] == pytest.approx(list(span.instants), abs=1e-5)
