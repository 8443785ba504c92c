"""Which images have a shell: found out once for each, without running anything."""

from autoscaler.adapters.compose.healthcheck import SHELL
from autoscaler.adapters.docker.engine import Engine, Inspect
from autoscaler.adapters.docker.errors import EngineError


class Shells:
    """Remembers it by image id. Thread-safe: two who ask at once get the same answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, bool] = {}

    def has(self, container: Inspect) -> bool:
        """Whether the image of an inspected container has a shell; False while the engine does not say."""
        image = str(container["Image"])
        if image not in self._known:
            try:
                self._known[image] = self._engine.files.stat(container["Id"], SHELL) is not None
            except EngineError:
                return False
        return self._known[image]
