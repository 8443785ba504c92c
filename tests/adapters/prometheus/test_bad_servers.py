"""Servers that are dead, slow or lying: a reading that says so, within the timeout, and never a number."""

import json
from http.server import BaseHTTPRequestHandler

import pytest
from pydantic import SecretStr

from autoscaler.adapters.prometheus.client import PrometheusClient
from autoscaler.adapters.prometheus.source import PrometheusSource
from autoscaler.config.connection import Connection, Credentials
from autoscaler.core.model import Reading, ReadingKind
from autoscaler.core.policy import Query, Signal, TraefikSignal
from autoscaler.events import PrometheusAsked
from autoscaler.ports.metrics import SignalRequest
from deploy.lab.ports import free_ports
from tests.adapters.prometheus.conftest import Answer, Server, says, vector
from tests.support.builders import NOW
from tests.support.fakes import Recorder
from tests.support.slow_server import SLOW_ANSWERS, answering, dripping, no_longer_than, serving
from tests.support.slow_server import says as says_at_once

BACKLOG = SignalRequest(Query("sum(backlog)"))
ONE = f'{{"metric":{{}},"value":[{NOW},"5"]}}'


def source(
    url: str, recorder: Recorder | None = None, timeout_seconds: float = 0.5, connection: Connection | None = None
) -> PrometheusSource:
    emit = (recorder or Recorder()).notify
    client = PrometheusClient(url, timeout_seconds=timeout_seconds, emit=emit, connection=connection)
    return PrometheusSource(client, max_sample_age_seconds=30.0)


def error_json(kind: str, text: str) -> str:
    return json.dumps({"status": "error", "errorType": kind, "error": text})


@pytest.mark.parametrize(
    ("answer", "kind", "note", "counted"),
    [
        pytest.param(vector(ONE), ReadingKind.VALUE, "", None, id="a good answer"),
        pytest.param(vector(), ReadingKind.EMPTY, "matches no series", None, id="an empty vector"),
        pytest.param(vector(ONE, ONE), ReadingKind.MANY, "2 series", None, id="two series"),
        pytest.param(vector(ONE.replace('"5"', '"NaN"')), ReadingKind.NAN, "not a number", None, id="NaN"),
        pytest.param(vector(ONE.replace('"5"', '"+Inf"')), ReadingKind.INF, "infinite", None, id="+Inf"),
        pytest.param(
            vector(ONE.replace(str(NOW), str(NOW - 600))), ReadingKind.STALE, "10m old", None, id="10 min old"
        ),
        pytest.param(
            says(200, f'{{"status":"success","data":{{"resultType":"scalar","result":[{NOW},"5"]}}}}'),
            ReadingKind.VALUE,
            "",
            None,
            id="a scalar",
        ),
        pytest.param(
            says(
                200, '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"5"]]}]}}'
            ),
            ReadingKind.ERROR,
            "does not answer like Prometheus",
            "format",
            id="a matrix",
        ),
        pytest.param(
            says(200, f'{{"status":"success","data":{{"resultType":"string","result":[{NOW},"five"]}}}}'),
            ReadingKind.ERROR,
            "does not answer like Prometheus",
            "format",
            id="a text",
        ),
        pytest.param(
            vector(ONE, more=',"warnings":["store b did not answer"]'),
            ReadingKind.ERROR,
            "gave a partial answer: store b did not answer",
            "partial",
            id="a partial answer",
        ),
        pytest.param(vector(ONE, more=',"infos":["no counter"]'), ReadingKind.VALUE, "", None, id="a mere info"),
        pytest.param(
            says(200, "<html>hello</html>", "text/html"),
            ReadingKind.ERROR,
            "does not answer like Prometheus",
            "format",
            id="HTML",
        ),
        pytest.param(says(200, "[]"), ReadingKind.ERROR, "does not answer like", "format", id="another JSON"),
        pytest.param(
            says(200, '{"data":{"result":{}}}'),
            ReadingKind.ERROR,
            "not answer like",
            "format",
            id="a result of no kind",
        ),
        pytest.param(says(200, '{"status":"success"}'), ReadingKind.ERROR, "not answer like", "format", id="no data"),
        pytest.param(says(200, '{"status":"succ'), ReadingKind.ERROR, "not answer like", "format", id="half a JSON"),
        pytest.param(says(200, ""), ReadingKind.ERROR, "not answer like", "format", id="nothing at all"),
        pytest.param(says(500, "oops"), ReadingKind.ERROR, "answered with HTTP status 500", "http", id="500"),
        pytest.param(says(404, "where?"), ReadingKind.ERROR, "status 404; check that prometheus.url", "http", id="404"),
        pytest.param(
            says(302, "", Location="http://127.0.0.1:9/"), ReadingKind.ERROR, "HTTP status 302", "http", id="a redirect"
        ),
        pytest.param(
            says(401, "who?"),
            ReadingKind.ERROR,
            "status 401; it wants credentials: set prometheus.basic_auth",
            "http",
            id="401",
        ),
        pytest.param(
            says(400, error_json("bad_data", "parse error: unexpected x")),
            ReadingKind.ERROR,
            "refused the query: parse error: unexpected x",
            "query",
            id="a bad query",
        ),
        pytest.param(
            says(400, error_json("bad_data", 'invalid parameter "query": 1:3: parse error: größer \\ (')),
            ReadingKind.ERROR,
            'refused the query: invalid parameter "query": 1:3: parse error: größer \\ (',
            "query",
            id="quotes and backslashes",
        ),
        pytest.param(says(400, "[" * 100_000), ReadingKind.ERROR, "HTTP status 400", "http", id="a deep answer"),
        pytest.param(says(422, '{"error":5}'), ReadingKind.ERROR, "HTTP status 422", "http", id="no words"),
        pytest.param(
            says(422, error_json("execution", "many-to-many")),
            ReadingKind.ERROR,
            "refused the query: many-to-many",
            "query",
            id="a query that fails",
        ),
        pytest.param(
            says(503, error_json("timeout", "query timed out")),
            ReadingKind.ERROR,
            "aborted the query: query timed out",
            "timeout",
            id="a query that takes too long",
        ),
        pytest.param(
            says(200, b" " * (17 * 2**20)),
            ReadingKind.ERROR,
            "too large: more than 2 MiB; aggregate",
            "format",
            id="a flood",
        ),
        pytest.param(
            says(400, error_json("bad_data", "x" * 5000)),
            ReadingKind.ERROR,
            "xxx… (5,000 characters)",
            "query",
            id="a novel",
        ),
    ],
)
def test_every_answer_is_a_reading(
    server: Server, answer: Answer, kind: ReadingKind, note: str, counted: str | None
) -> None:
    server.answer, recorder = answer, Recorder()
    reading = source(server.url, recorder, timeout_seconds=10.0).read([BACKLOG], NOW)[BACKLOG]
    assert (reading.kind, reading.value) == (kind, 5.0 if kind is ReadingKind.VALUE else None)
    assert note in reading.note
    assert len(reading.note) < 320
    assert [event.error for event in recorder.of(PrometheusAsked)] == [counted]


def never(server: Server) -> Answer:
    """Take the question and say nothing."""

    def answer(_: BaseHTTPRequestHandler) -> None:
        server.released.wait(20)

    return answer


REQUESTS = [SignalRequest(Query(f"q{number}")) for number in range(20)]


def test_a_slow_server_is_given_up_and_not_asked_again_in_that_cycle(server: Server) -> None:
    server.answer = never(server)
    assert_given_up(server.url)


@pytest.mark.parametrize(("at_once", "drops"), SLOW_ANSWERS.values(), ids=SLOW_ANSWERS.keys())
def test_a_server_that_answers_byte_by_byte_is_given_up_likewise(at_once: bytes, drops: bytes) -> None:
    with serving(dripping(at_once, drops)) as slow:
        assert_given_up(slow.url)


def assert_given_up(url: str) -> None:
    recorder = Recorder()
    with no_longer_than(20):  # far from 20 timeouts
        readings = source(url, recorder, timeout_seconds=0.1).read(REQUESTS, NOW)
    assert {reading.kind for reading in readings.values()} == {ReadingKind.ERROR}
    assert {"did not answer within 0.1 s" in reading.note for reading in readings.values()} == {True}
    assert [event.error for event in recorder.of(PrometheusAsked)] == ["timeout"]


def test_queries_without_answer_cost_the_others_a_cycle_each_and_no_more() -> None:
    good = f'{{"status":"success","data":{{"resultType":"vector","result":[{ONE}]}}}}'.encode()
    late = [SignalRequest(Query("sum(slow1)")), SignalRequest(Query("sum(slow2)"))]
    requests = [late[0], SignalRequest(Query("sum(good1)")), late[1], SignalRequest(Query("sum(good2)"))]
    with serving(answering(says_at_once(good), slow_path=b"slow")) as slow:
        prometheus = source(slow.url)
        cycles = [prometheus.read(requests, NOW) for _ in range(5)]
    values = [[reading.value for reading in cycle.values()] for cycle in cycles]
    assert [list(cycle) for cycle in cycles] == [requests] * 5  # in the order of the requests
    assert values == [[None] * 4, [None, 5.0, None, None], *[[None, 5.0, None, 5.0]] * 3]


def test_a_query_that_is_answered_again_has_its_place_again() -> None:
    good = f'{{"status":"success","data":{{"resultType":"vector","result":[{ONE}]}}}}'.encode()
    asked: list[bytes] = []

    def answer(request: bytes) -> bytes:
        asked.append(b"q1" if b"q1" in request else b"q2")
        return says_at_once(good)

    requests = [SignalRequest(Query("sum(q1)")), SignalRequest(Query("sum(q2)"))]
    with serving(answering(answer, slow_path=b"q1")) as slow:
        prometheus = source(slow.url)
        for _ in range(2):
            prometheus.read(requests, NOW)
        slow.talk = answering(answer)
        for _ in range(2):
            prometheus.read(requests, NOW)
    assert asked == [b"q2", b"q2", b"q1", b"q1", b"q2"]


@pytest.mark.parametrize(("services", "extra_bytes", "fits"), [(1, 0, True), (1, 1, False), (1000, 299_700, True)])
def test_an_answer_may_be_as_large_as_what_was_asked(
    server: Server, services: int, extra_bytes: int, fits: bool
) -> None:
    good = f'{{"status":"success","data":{{"resultType":"vector","result":[{ONE}]}}}}'
    server.answer = says(200, good.ljust(2 * 2**20 + 300 + extra_bytes))
    requests = [SignalRequest(Query("sum(backlog)"), service=f"s{number}") for number in range(services)]
    readings = source(server.url, timeout_seconds=20).read(requests, NOW)
    assert {reading.value for reading in readings.values()} == {5.0 if fits else None}


def test_a_refused_connection_is_said_with_the_address_and_without_its_password() -> None:
    (port,) = free_ports(1)
    recorder = Recorder()
    reading = source(f"http://user:secret@127.0.0.1:{port}/", recorder).read([BACKLOG], NOW)[BACKLOG]
    assert reading.note == (
        f"cannot connect to Prometheus at http://127.0.0.1:{port}; check that it runs and that prometheus.url is right"
    )
    assert [event.error for event in recorder.of(PrometheusAsked)] == ["refused"]


def test_the_next_cycle_asks_again(server: Server) -> None:
    prometheus = source(server.url)
    server.answer = says(500, "")
    assert prometheus.read([BACKLOG], NOW)[BACKLOG].kind is ReadingKind.ERROR
    server.answer = vector(ONE)
    assert prometheus.read([BACKLOG], NOW)[BACKLOG].value == 5.0


def test_one_bad_query_does_not_stop_the_others(server: Server) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        bad = "query=bad" in request.path
        (says(400, error_json("bad_data", "no")) if bad else vector(ONE))(request)

    server.answer = answer
    bad = SignalRequest(Query("bad"))
    readings = source(server.url).read([bad, BACKLOG], NOW)
    assert (readings[bad].kind, readings[BACKLOG].value) == (ReadingKind.ERROR, 5.0)


def test_everything_is_asked_as_of_one_time_and_the_token_is_sent(server: Server) -> None:
    token = Credentials(value=SecretStr("t0ken"))
    source(server.url, connection=Connection(credentials=token)).read([BACKLOG, SignalRequest(Query("other"))], NOW)
    assert {query["time"] for query in server.queries} == {f"{NOW:.3f}"}
    assert {headers["Authorization"] for headers in server.headers} == {"Bearer t0ken"}


def test_the_number_of_queries_grows_with_the_signals_and_not_with_the_services(server: Server) -> None:
    def healthy(request: BaseHTTPRequestHandler) -> None:
        fact = f'{{"metric":{{"fact":"sampled","instance":"t"}},"value":[{NOW},"{NOW}"]}}'
        (vector(fact) if "fact" in request.path else vector())(request)

    server.answer = healthy
    signals = [TraefikSignal(Signal.REQUESTS, 20.0), TraefikSignal(Signal.LATENCY, 20.0, 0.95)]
    requests = [SignalRequest(signal, f"s{number}@docker") for signal in signals for number in range(50)]
    readings = source(server.url).read(requests, NOW)
    assert len(server.queries) == 4  # the scraping of Traefik, the known services, two signals
    assert {reading.kind for reading in readings.values()} == {ReadingKind.UNSEEN}


def test_a_service_that_traefik_does_not_count_says_why(server: Server) -> None:
    server.answer = vector(FACT)
    signal = TraefikSignal(Signal.REQUESTS, 20.0)
    request = SignalRequest(signal, "users@docker", unmeasured="Traefik routes TCP to it")
    assert source(server.url).read([request], NOW)[request] == Reading(
        ReadingKind.ERROR, note="Traefik routes TCP to it"
    )


def test_names_of_services_never_enter_a_query(server: Server) -> None:
    evil = SignalRequest(TraefikSignal(Signal.REQUESTS, 20.0), 'x"} or vector(1) #')
    source(server.url).read([evil], NOW)
    assert not any("vector(1)" in query["query"] for query in server.queries)


FACT = f'{{"metric":{{"fact":"sampled","instance":"t"}},"value":[{NOW},"{NOW}"]}}'


@pytest.mark.parametrize(
    ("fails", "kinds"),
    [
        pytest.param("fact", {ReadingKind.ERROR}, id="whether Traefik is scraped"),
        pytest.param("family", {ReadingKind.ERROR}, id="which services are known"),
        pytest.param("histogram_quantile", {ReadingKind.UNSEEN, ReadingKind.ERROR}, id="one signal of two"),
    ],
)
def test_a_question_about_traefik_that_fails_makes_no_zero(server: Server, fails: str, kinds: set[ReadingKind]) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        if fails in request.path:
            return says(422, error_json("execution", "too many samples"))(request)
        return (vector(FACT) if "fact" in request.path else vector())(request)

    server.answer = answer
    signals = [TraefikSignal(Signal.REQUESTS, 20.0), TraefikSignal(Signal.LATENCY, 20.0, 0.95)]
    readings = source(server.url).read([SignalRequest(signal, "users@docker") for signal in signals], NOW)
    assert {reading.kind for reading in readings.values()} == kinds
