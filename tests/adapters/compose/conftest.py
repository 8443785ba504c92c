"""The project of the Compose tests, by the name that other tests know."""

from tests.support.compose_project import SLEEP, UNGUARDED, Project, project, short

__all__ = ["SLEEP", "UNGUARDED", "Project", "project", "short"]
