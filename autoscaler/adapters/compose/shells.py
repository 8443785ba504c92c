"""Which images have a shell: looked up once for each, without running it."""

from autoscaler.adapters.compose.healthcheck import SHELL
from autoscaler.adapters.docker.engine import Engine, Inspect
from autoscaler.adapters.docker.errors import EngineError


class ShellCache:
    """Remembers the answer by image id; thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, bool] = {}

    def has(self, container: Inspect) -> bool:
        """Return whether the image of an inspected container has a shell; False if the engine refuses to say."""
        image = str(container["Image"])
        if image not in self._known:
            try:
                self._known[image] = self._engine.files.stat(container["Id"], SHELL) is not None
            except EngineError:
                return False
        return self._known[image]
