"""A Compose project for the tests of control, where it works on the real engine."""

from tests.support.compose_project import drain, module_project, originals, plain, project

__all__ = ["drain", "module_project", "originals", "plain", "project"]
