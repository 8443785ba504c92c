"""The page's script has the conditions of a service as the daemon has them."""

import re
from importlib.resources import files

from autoscaler.events import Condition

SCRIPT = files("autoscaler.adapters.page").joinpath("page.js").read_text(encoding="utf-8")


def words(constant: str) -> list[str]:
    (line,) = re.findall(rf"^const {constant} = \[(.*?)\];", SCRIPT, re.MULTILINE)
    return re.findall(r'"(\w+)"', line)


def test_the_page_ranks_and_colours_the_conditions_as_the_daemon_does() -> None:
    assert words("ALARMING") == [each.value for each in Condition if each.alarming]
    assert [*words("ALARMING"), *words("CONDITIONS")] == [each.value for each in Condition]
