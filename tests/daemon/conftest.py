"""A project of the Compose tests, for the commands as well."""

from tests.adapters.compose.conftest import Project, project

__all__ = ["Project", "project"]
