"""A project of the Compose tests, for the commands as well."""

import pytest

from tests.support.compose_project import Project, drain, project

with pytest.MonkeyPatch.context() as patch:  # Rich keeps the width that COLUMNS has when the console is made
    patch.delenv("COLUMNS", raising=False)
    from autoscaler.cli.text.output import console

__all__ = ["Project", "console", "drain", "project"]
