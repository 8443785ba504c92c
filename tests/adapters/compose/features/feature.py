"""A Compose feature to prove, and how many of them share one service so that the proof stays quick."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.support.compose_project import SLEEP

Json = dict[str, Any]


@dataclass(frozen=True)
class Feature:
    """What a service says in its Compose file, and where the engine shows it."""

    name: str
    service: Json
    shown: tuple[str, ...]  # paths of the inspected container, of which the engine must say something
    alone: bool = False  # does not go with other features, or changes what they show
    api: tuple[int, int] = (1, 41)  # the oldest API that has it


@dataclass
class Pack:
    """One service with several features that do not get in each other's way."""

    service: Json = field(default_factory=dict)
    features: list[Feature] = field(default_factory=list)

    def takes(self, feature: Feature) -> bool:
        alone = feature.alone or any(other.alone for other in self.features)
        return not self.features or not (alone or self.service.keys() & feature.service.keys())


def packed(features: Iterable[Feature]) -> dict[str, Pack]:
    """Return service name -> pack; every feature is in one."""
    packs: list[Pack] = []
    for feature in features:
        pack = next((pack for pack in packs if pack.takes(feature)), None)
        if pack is None:
            packs.append(pack := Pack())
        pack.service |= feature.service
        pack.features.append(feature)
    return {f"pack-{number}": pack for number, pack in enumerate(packs, 1)}


def service_of(pack: Pack) -> Json:
    """Return the service as Compose gets it: what the features do not say is as in the other tests."""
    base = {key: value for key, value in SLEEP.items() if key != "networks" or "network_mode" not in pack.service}
    return {**base, "scale": 1, **pack.service}
