"""What `check` finds out about services of several kinds of target."""

from pathlib import Path

import pytest

from autoscaler.adapters.targets import Targets
from autoscaler.config.settings import Settings
from autoscaler.ports.fleet import ServiceRef
from autoscaler.standalone import preflight
from tests.contracts.test_in_memory import MemoryTarget
from tests.support.fakes import FakeTarget

MAIL = ServiceRef("mail", "shop", "memory")
LABELS = {
    "autoscaler.enable": "true",
    "autoscaler.replicas.min": "1",
    "autoscaler.replicas.max": "9",
    "autoscaler.rules.load.query": "sum(load)",
    "autoscaler.rules.load.per_replica": "5",
}
POLICY = """
prometheus: {url: "http://127.0.0.1:9", timeout: 500ms}
services:
  web: {replicas: {min: 1, max: 3}, rules: {load: {query: sum(load), per_replica: 5}}}
"""


def test_an_engine_that_does_not_answer_hides_its_own_services_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path := tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    web, mail = FakeTarget(web=1), MemoryTarget(mail=2)
    web.unavailable = "the engine is away"
    mail.labels[MAIL] = LABELS
    monkeypatch.setattr(preflight, "make_target", lambda *_: Targets({"compose": web, "memory": mail}))
    found = preflight.examine(path, Settings(config=path), offline=False)
    assert {name: seen.current for name, seen in found.seen.items()} == {"mail": 2}
    assert set(found.config.services) == {"web", "mail"}
    assert found.unasked[0] == "the engine is away"


def test_a_service_that_an_answer_leaves_unknown_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path := tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    target = FakeTarget(web=1, mail=2)
    target.labels[ServiceRef("mail", "shop")] = LABELS
    target.unknown[ServiceRef("web", "shop")] = "the replicas of shop/web are unknown"
    monkeypatch.setattr(preflight, "make_target", lambda *_: target)
    found = preflight.examine(path, Settings(config=path), offline=False)
    assert {name: (seen.current, seen.note) for name, seen in found.seen.items()} == {
        "web": (None, "the replicas of shop/web are unknown"),
        "mail": (2, None),
    }
