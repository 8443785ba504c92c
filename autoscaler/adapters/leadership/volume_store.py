"""The lease and the knock of a Compose project as volumes: the engine creates a missing one and never alters one."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import assert_never

from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.leadership.election import Lease, Step
from autoscaler.formats import one_line

LEASE, KNOCK = "traefik-autoscaler-lease.", "traefik-autoscaler-knock."  # + the project, which never has a dot
_LABEL = "io.traefik-autoscaler."
_TOKEN, _HOLDER, _SINCE = (_LABEL + word for word in ("token", "holder", "since"))

_SHOWN = {_HOLDER: "an unknown daemon", _SINCE: "?"}  # with what stands for a missing one
MOST_CHARACTERS = 100  # of each


class LeaseVolumes:
    """Reads and writes leases and knocks for one daemon, which other daemons see as `holder`.

    Every method raises EngineError or TargetUnavailable.
    """

    def __init__(self, engine: Engine, holder: str) -> None:
        self._engine = engine
        self._holder = holder

    def lease(self, project: str) -> Lease | None:
        labels = self._engine.volume_labels(LEASE + project)
        return None if labels is None else _lease(labels)

    def knock(self, project: str) -> str | None:
        """Return the token of the knock, if there is one."""
        labels = self._engine.volume_labels(KNOCK + project)
        return None if labels is None else labels.get(_TOKEN, "?")

    def do(self, step: Step, project: str, token: str) -> None:
        """Take the step; `token` goes into the volume that it creates."""
        match step:
            case Step.CLAIM:
                self._engine.create_volume(LEASE + project, self._labels(token))
            case Step.KNOCK:
                self._engine.create_volume(KNOCK + project, self._labels(token))
            case Step.ANSWER:
                self._engine.remove_volume(KNOCK + project)
            case Step.EVICT:
                self._engine.remove_volume(LEASE + project)
            case Step.WAIT:
                pass
            case _:
                assert_never(step)

    def _labels(self, token: str) -> dict[str, str]:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        return {_TOKEN: token, _HOLDER: self._holder, _SINCE: since}


def _lease(labels: Mapping[str, str]) -> Lease:
    holder, since = (one_line(labels.get(name, missing), MOST_CHARACTERS) for name, missing in _SHOWN.items())
    return Lease(labels.get(_TOKEN, "?"), holder, since)


def fresh_token() -> str:
    return secrets.token_hex(8)
