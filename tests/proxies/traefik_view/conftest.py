"""A Compose project for the tests on the real engine."""

from tests.support.compose_project import drain, module_project, originals, plain

__all__ = ["drain", "module_project", "originals", "plain"]
