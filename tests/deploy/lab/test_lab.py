"""The lab's and the demo's own decisions, without an engine."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.demo.load import Shape
from deploy.demo.ownership import changes
from deploy.demo.probe import Probe
from deploy.demo.verdict import Verdict
from deploy.lab import engine, images
from deploy.lab.compose import remove_project
from deploy.lab.ports import free_ports
from deploy.lab.shell import LabError, NoEngineError, run, works

GOOD = Verdict("userservice", 2, 7, 2, 31_204, 0, 4.7, 9.4, owned=True)


def test_the_verdicts_line_says_it_all() -> None:
    assert GOOD.line() == (
        "demo: ok  userservice 2→7→2 replicas, 31,204 requests, 0 failed, "
        "first new replica serving 9.4 s after the step"
    )


@pytest.mark.parametrize(
    ("change", "ok"),
    [
        pytest.param({}, True, id="all well"),
        pytest.param({"failed": 31}, True, id="one in a thousand failed"),
        pytest.param({"failed": 32}, False, id="more failed"),
        pytest.param({"replicas_peak": 2}, False, id="never up"),
        pytest.param({"replicas_end": 3}, False, id="not down again"),
        pytest.param({"owned": False}, False, id="Compose would change something"),
        pytest.param({"seconds_to_serving": None}, False, id="no new replica ever answered"),
        pytest.param({"requests": 0}, False, id="no load"),
    ],
)
def test_the_demo_is_ok_only_when_everything_was_shown(change: dict[str, object], ok: bool) -> None:
    verdict = replace(GOOD, **change)  # type: ignore[arg-type]
    assert (verdict.ok, verdict.as_json()["ok"], verdict.line().startswith("demo: ok")) == (ok, ok, ok)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        pytest.param(" Container shop-web-1 Running \n Container shop-web-2 Running \n", [], id="nothing"),
        pytest.param(" Container shop-web-3 Creating \n", ["Container shop-web-3 Creating"], id="one more"),
        pytest.param(" Container shop-web-3 Removed \n", ["Container shop-web-3 Removed"], id="one less"),
        pytest.param(" Container shop-web-1 Recreate \n", ["Container shop-web-1 Recreate"], id="another"),
        pytest.param(" Container shop-api-1 Creating \n", [], id="of another service"),
    ],
)
def test_what_compose_says_it_would_change(said: str, found: list[str]) -> None:
    assert changes(said, "web") == found


def test_the_first_new_replica_is_the_first_that_had_not_answered_before() -> None:
    probe = Probe("", first_seen={"a": 1.0, "b": 2.0, "c": 12.0, "d": 14.0})
    assert probe.first_new_since(10.0) == 12.0
    assert probe.first_new_since(20.0) is None


def test_the_load_is_a_step_to_five_times_as_much() -> None:
    shape = Shape()
    assert shape.loud_rate == 5 * shape.quiet_rate
    assert shape.total_seconds < 300


def test_free_ports_are_free_and_different() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    for port in ports:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", port))


def test_a_command_that_fails_is_one_sentence_with_its_last_words() -> None:
    with pytest.raises(LabError, match=r"make a thing: sh failed with exit code 3:\n  oh no") as failure:
        run(["sh", "-c", "echo oh no >&2; exit 3"], "make a thing")
    assert "Traceback" not in str(failure.value)


def test_a_command_that_is_not_there_or_hangs_is_one_sentence() -> None:
    with pytest.raises(LabError, match="make a thing: there is no command no-such-command"):
        run(["no-such-command"], "make a thing")
    with pytest.raises(LabError, match=r"make a thing: sleep took longer than 0.1 s"):
        run(["sleep", "5"], "make a thing", timeout_seconds=0.1)
    assert not works(["no-such-command"])
    assert works(["true"])


def test_an_engine_that_somebody_named_and_that_does_not_answer_is_not_replaced_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    with pytest.raises(NoEngineError, match=r"no Docker engine answers at DOCKER_HOST=unix:///nowhere.sock; start it"):
        engine.ensure()


def test_every_stand_in_has_its_dockerfile() -> None:
    for stand_in in images.STAND_INS.values():
        assert (images.HERE / stand_in.dockerfile).is_file()


def test_the_stack_uses_the_images_that_the_lab_knows() -> None:
    compose = (Path(images.HERE).parent / "compose.yaml").read_text(encoding="utf-8")
    for image in (images.TRAEFIK, images.PROMETHEUS, images.HAPROXY, images.GRAFANA):
        assert f"image: {image}\n" in compose


@pytest.mark.parametrize(
    ("said", "passes"),
    [
        pytest.param(
            [" Network a_default Error error while removing network: a_default has active endpoints"], True, id="stuck"
        ),
        pytest.param([" Volume a_shared Error volume is in use"], False, id="another"),
        pytest.param(
            [" Network a_default Error a_default has active endpoints", " Volume a_shared Error volume is in use"],
            False,
            id="both",
        ),
    ],
)
def test_a_project_is_removed_when_only_an_empty_network_is_left(said: list[str], passes: bool) -> None:
    def command(*_: str) -> None:
        raise LabError("compose: docker-compose failed with exit code 1:\n  " + "\n  ".join(said))

    if passes:
        remove_project(command, timeout_seconds=1)
    else:
        with pytest.raises(LabError):
            remove_project(command, timeout_seconds=1)
