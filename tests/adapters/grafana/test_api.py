"""The annotations API: what is asked of it, and what is said of a Grafana that does not take it."""

from dataclasses import replace

import pytest

from autoscaler.adapters.grafana.api import Annotation, GrafanaApi, GrafanaFault
from deploy.lab.ports import free_ports
from tests.support.grafana_server import TOKEN, Grafana
from tests.support.slow_server import SLOW_ANSWERS, dripping, no_longer_than, serving

UP = Annotation(1_700_000_000.25, "userservice: 2 → 4", ("autoscaler", "service:userservice"))


def api(grafana: Grafana, token: str = TOKEN) -> GrafanaApi:
    return GrafanaApi(grafana.url, token, timeout_seconds=0.5)


def test_an_annotation_is_made_and_becomes_a_region(grafana: Grafana) -> None:
    number = api(grafana).add(UP)
    assert grafana.annotations[number] == {"time": 1_700_000_000_250, "text": UP.text, "tags": list(UP.tags)}
    region = Annotation(UP.at, "done", UP.tags, until=1_700_000_003.5)
    api(grafana).change(number, region)
    assert grafana.annotations[number]["timeEnd"] == 1_700_000_003_500
    assert grafana.annotations[number]["text"] == "done"


def test_a_grafana_below_a_path_is_asked_there(grafana: Grafana) -> None:
    grafana.answer = (200, b'{"id": 1}')
    GrafanaApi(f"{grafana.url}/grafana/", TOKEN).add(UP)
    assert grafana.asked == ["POST /grafana/api/annotations"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((401, b"{}"), "refuses the token (HTTP 401); create a new one"),
        (
            (403, b"{}"),
            "does not let the token write annotations (HTTP 403); its service account needs the role Editor",
        ),
        ((404, b"<html>"), "no such API (HTTP 404); check AUTOSCALER_GRAFANA_URL"),
        ((302, b""), "redirects (HTTP 302); set AUTOSCALER_GRAFANA_URL to the target of the redirect"),
        ((500, b"{}"), "fails (HTTP 500); see its log"),
        ((200, b"<html>log in</html>"), "does not answer like Grafana; check AUTOSCALER_GRAFANA_URL"),
        ((200, b"[1]"), "does not answer like Grafana"),
        ((200, b'{"message":"Annotation added"}'), "does not answer like Grafana"),
        ((200, b"\xff\xfe{"), "does not answer like Grafana"),
        ((200, b'{"id": 1}' + b" " * 2**20), "does not answer like Grafana"),
    ],
)
def test_a_wrong_answer_is_a_fault_that_says_what_to_check(
    grafana: Grafana, answer: tuple[int, bytes], message: str
) -> None:
    grafana.answer = answer
    with pytest.raises(GrafanaFault) as fault:
        GrafanaApi(grafana.url, TOKEN, timeout_seconds=10).add(UP)
    assert str(fault.value).startswith(f"Grafana at {grafana.url} ")
    assert message in str(fault.value)


@pytest.mark.parametrize(("at_once", "drops"), SLOW_ANSWERS.values(), ids=SLOW_ANSWERS.keys())
def test_a_grafana_that_answers_byte_by_byte_is_given_up(at_once: bytes, drops: bytes) -> None:
    slow, late = serving(dripping(at_once, drops)), pytest.raises(GrafanaFault, match=r"did not answer within 0\.1 s")
    with slow as server, no_longer_than(20), late:
        GrafanaApi(server.url, TOKEN, timeout_seconds=0.1).add(UP)


def test_a_wrong_token_is_refused_and_never_shown(grafana: Grafana) -> None:
    with pytest.raises(GrafanaFault, match="refuses the token") as fault:
        api(grafana, "glsa_wrong").add(UP)
    assert "glsa_wrong" not in str(fault.value)


def test_a_slow_grafana_is_given_up_within_the_timeout(grafana: Grafana) -> None:
    grafana.hang()
    with pytest.raises(GrafanaFault, match=r"did not answer within 0\.5 s"):
        api(grafana).add(UP)


def test_a_grafana_that_is_away_cannot_be_reached_and_its_password_is_not_shown() -> None:
    (port,) = free_ports(1)
    with pytest.raises(GrafanaFault) as fault:
        GrafanaApi(f"http://me:secret@127.0.0.1:{port}", TOKEN).add(UP)
    assert str(fault.value) == (
        f"Grafana at http://127.0.0.1:{port} cannot be reached; check AUTOSCALER_GRAFANA_URL and that it runs"
    )


def test_an_annotation_that_is_gone_is_a_fault(grafana: Grafana) -> None:
    with pytest.raises(GrafanaFault, match="has no such annotation"):
        api(grafana).change(7, UP)


def test_the_text_is_escaped_as_grafana_shows_it_as_html() -> None:
    body = replace(UP, text='<img src=x> & a "name" → 2', tags=("service:<b>",)).body()
    assert (body["text"], body["tags"]) == ('&lt;img src=x&gt; &amp; a "name" → 2', ["service:<b>"])
