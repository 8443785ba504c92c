"""The real engine and the real Compose: for each feature, a clone is what Compose's own next replica is."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from autoscaler.adapters.compose.healthcheck import unwrapped
from deploy.demo.ownership import changes
from deploy.lab.shell import run
from tests.adapters.compose.features.essence import Flat, differences, essence
from tests.adapters.compose.features.feature import Feature, Pack, packed, service_of
from tests.adapters.compose.features.image import DOCKERFILE, IMAGE
from tests.adapters.compose.features.limits import LIMITS
from tests.adapters.compose.features.network import NETWORK
from tests.adapters.compose.features.process import PROCESS
from tests.adapters.compose.features.storage import STORAGE
from tests.support.compose_project import SLEEP, Project
from tests.support.own_share import free_range

pytestmark = pytest.mark.engine

FEATURES = [*PROCESS, *LIMITS, *NETWORK, *STORAGE, *IMAGE]
BASE = {**SLEEP, "volumes": ["/of-base"], "ipc": "shareable"}
TOP: dict[str, Any] = {
    "networks": {"front": None, "back": None},
    "volumes": {"shared": None},
    "secrets": {"from-file": {"file": "(directory)/content"}},
    "configs": {"from-file": {"file": "(directory)/content"}},
}


@dataclass
class Proof:
    """A project with three replicas of each service: Compose's first, our clone, and one more of Compose's."""

    project: Project
    packs: dict[str, Pack]
    before: dict[str, dict[str, Any]]  # service -> our clone, before Compose was asked for one more
    replicas: dict[str, list[dict[str, Any]]]

    def service(self, feature: Feature) -> str:
        return next(name for name, pack in self.packs.items() if feature in pack.features)


@pytest.fixture(scope="module")
def proof(compose_command: list[str], engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proof]:
    project = Project(compose_command, engine_url, tmp_path_factory.mktemp("features"))
    (project.directory / "content").write_text("of a file", encoding="utf-8")
    api = tuple(
        int(part) for part in run(["docker", "version", "--format", "{{.Server.APIVersion}}"], "ask").split(".")
    )
    packs = packed(feature for feature in FEATURES if feature.api <= api)
    image = f"{project.name}:features"
    run(["docker", "build", "--quiet", "--tag", image, "-"], "build", stdin=DOCKERFILE)
    try:
        _write(project, packs, image)
        project.run("up", "--detach")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: project.scale(2, name, start_timeout_seconds=120.0), packs))
        before = {name: project.inspect(2, name) for name in packs}
        three = [word for name in packs for word in ("--scale", f"{name}=3")]
        project.run("up", "--detach", *three)
        yield Proof(project, packs, before, {name: [project.inspect(n, name) for n in (1, 2, 3)] for name in packs})
    finally:
        project.down()
        run(["docker", "rmi", "--force", image], "remove the image")


def _write(project: Project, packs: dict[str, Pack], image: str) -> None:
    services = {"base": BASE, **{name: service_of(pack) for name, pack in packs.items()}}
    first = free_range(10)
    placeholders = {
        "(project)": project.name,
        "(directory)": str(project.directory),
        "(image)": image,
        "(ports)": f"{first}-{first + 9}",
    }
    text = json.dumps({"services": services, **TOP})
    for placeholder, value in placeholders.items():
        text = text.replace(placeholder, value)
    document = json.loads(text)
    project.write(document.pop("services"), **document)


@pytest.mark.parametrize("feature", [pytest.param(feature, id=feature.name) for feature in FEATURES])
def test_a_clone_is_what_composes_next_replica_is(feature: Feature, proof: Proof) -> None:
    if not any(feature in pack.features for pack in proof.packs.values()):
        pytest.skip(f"needs API {feature.api[0]}.{feature.api[1]}")
    _, ours, theirs = (essence(unwrapped(replica)) for replica in proof.replicas[proof.service(feature)])
    assert differences(ours, theirs) == {}
    for path in feature.shown:
        assert shown(ours, path.replace("(project)", proof.project.name))


def shown(flat: Flat, path: str) -> Any:
    """What the engine says at a path, or of all that is below it."""
    return flat.get(path) or {key: value for key, value in flat.items() if key.startswith(f"{path}.")}


def test_compose_leaves_every_clone_alone(proof: Proof) -> None:
    for service, (_, clone, _) in proof.replicas.items():
        before = proof.before[service]
        assert (clone["Id"], clone["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])
    three = [word for name in proof.packs for word in ("--scale", f"{name}=3")]
    said = proof.project.run("up", "--detach", "--dry-run", *three)
    assert {name: changes(said, name) for name in proof.packs} == {name: [] for name in proof.packs}
