"""The request that begins a drain: whatever it is answered, it ends in time."""

import pytest

from autoscaler.adapters.compose.drain import http_hook
from autoscaler.config.compose_options import HttpCall
from tests.support.slow_server import SLOW_ANSWERS, answering, dripping, flooding, no_longer_than, says, serving

CONTAINER = {"NetworkSettings": {"Networks": {"shop_default": {"IPAddress": "127.0.0.1"}}}}
BEFORE_THE_BODY = {name: slow for name, slow in SLOW_ANSWERS.items() if b"\r\n\r\n" not in slow[0]}


@pytest.mark.parametrize(("at_once", "drops"), BEFORE_THE_BODY.values(), ids=BEFORE_THE_BODY.keys())
def test_one_that_answers_byte_by_byte_has_failed(at_once: bytes, drops: bytes) -> None:
    with serving(dripping(at_once, drops)) as server, no_longer_than(20):
        problem = http_hook.call(CONTAINER, HttpCall(server.port, "/drain", "POST"), timeout_seconds=0.1)
    assert str(problem).startswith(f"POST http://127.0.0.1:{server.port}/drain failed (")


@pytest.mark.parametrize("talk", [answering(says(b"{}")), flooding, dripping(*SLOW_ANSWERS["chunk sizes"])])
def test_a_status_is_enough(talk: object) -> None:
    with serving(talk) as server, no_longer_than(20):  # type: ignore[arg-type]
        assert http_hook.call(CONTAINER, HttpCall(server.port, "/drain", "POST")) is None
