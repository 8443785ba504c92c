"""docs/policy.md names every key of the schema, and no other."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from autoscaler.policyfile import schema, schema_behavior, schema_drain, schema_rules
from autoscaler.policyfile.messages import keys_of

PAGE = (Path(__file__).parent.parent.parent / "docs/policy.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("## The root", schema.FileModel),
        ("## prometheus", schema.PrometheusModel),
        ("## limits", schema.LimitsModel),
        ("## services", schema.ServiceModel),
        ("### target", schema.TargetModel),
        ("### replicas", schema.ReplicasModel),
        ("### rules", schema_rules.RuleModel),
        ("#### steps", schema_rules.StepModel),
        ("### schedules", schema_behavior.ScheduleModel),
        ("### objective", schema_behavior.ObjectiveModel),
        ("### burst", schema_behavior.BurstModel),
        ("### scale_up and scale_down", schema_behavior.ScaleUpModel),
        ("### scale_up and scale_down", schema_behavior.ScaleDownModel),
        ("#### policies", schema_behavior.RatePolicyModel),
        ("### reversals", schema_behavior.ReversalsModel),
        ("### when_blind", schema_behavior.WhenBlindModel),
        ("### drain", schema_drain.DrainModel),
        ("#### http", schema_drain.HttpCallModel),
    ],
)
def test_every_key_is_documented_and_no_other(heading: str, model: type[BaseModel]) -> None:
    section = re.split(r"^#+ ", PAGE.split(f"{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    keys_table = section.split("| signal | unit")[0]
    assert set(re.findall(r"^\| `(\w+)`", keys_table, re.MULTILINE)) == set(keys_of(model))
