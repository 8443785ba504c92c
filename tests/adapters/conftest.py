"""A Compose project, and a recorded engine, for the tests of the adapters."""

from tests.support.compose_project import drain, module_project, originals, plain, project
from tests.support.recorded_engine import recorded, recorded_server

__all__ = ["drain", "module_project", "originals", "plain", "project", "recorded", "recorded_server"]
