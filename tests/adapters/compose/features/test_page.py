"""The page on Compose names every feature that is proved, and no other; every test that it names exists."""

import re
from pathlib import Path

from tests.adapters.compose.features.test_features import FEATURES

HERE = Path(__file__).parent
PAGE = (HERE.parents[3] / "docs/compose.md").read_text(encoding="utf-8")
PROVED = PAGE.split("## Features proved\n")[1].split("\n## ")[0]


def test_every_feature_is_on_the_page_and_no_other() -> None:
    named = re.findall(r"`\[(.+?)\]`", PROVED)
    elsewhere = {"privileged", "gpu"}
    assert sorted(set(named) - elsewhere) == sorted(feature.name for feature in FEATURES)


def test_every_test_that_the_page_names_exists() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in HERE.parent.glob("**/test_*.py"))
    for test in re.findall(r"`(test_\w+)`", PROVED):
        assert f"def {test}(" in code
    for file in re.findall(r"`(test_\w+\.py)`", PROVED):
        assert list(HERE.parent.glob(f"**/{file}"))
