"""docs/policy.md names every key of the schema and no other, which are required, and the defaults."""

import re
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML

from autoscaler.config import schema, schema_behavior, schema_connection, schema_drain, schema_rules
from autoscaler.config.messages import fields_of
from tests.support.paths import ROOT

PAGE = (ROOT / "docs/policy.md").read_text(encoding="utf-8")
SECTIONS = [
    ("## The root", schema.FileModel),
    ("## prometheus", schema.PrometheusModel),
    ("## traefik", schema.TraefikModel),
    ("### basic_auth", schema_connection.BasicAuthModel),
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
]
COMES_LATER = {"quantile", "project"}  # a default that the schema does not have: for some signals only, and a setting
SCALARS = (bool, int, float, str)


def documented(heading: str) -> dict[str, tuple[str, str]]:
    """By key, the columns type and default."""
    section = re.split(r"^#+ ", PAGE.split(f"{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    keys_table = section.split("| signal | unit")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) ?\|", keys_table, re.MULTILINE)
    return {key: (kind.strip(), default.strip()) for key, kind, default in rows}


def fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def read(text: str, field: FieldInfo) -> Any:
    """The value that a default's text has in the file."""
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    return TypeAdapter(kind).validate_python(YAML(typ="safe", pure=True).load(text))


@pytest.mark.parametrize(("heading", "model"), SECTIONS)
def test_every_key_is_documented_and_no_other(heading: str, model: type[BaseModel]) -> None:
    assert set(documented(heading)) == set(fields_of(model))


@pytest.mark.parametrize(("heading", "model"), SECTIONS)
def test_a_key_is_called_required_if_it_is(heading: str, model: type[BaseModel]) -> None:
    called = {key for key, (kind, _) in documented(heading).items() if kind.endswith("required")}
    assert called == {key for key, field in fields(model).items() if field.is_required()}


@pytest.mark.parametrize(("heading", "model"), SECTIONS)
def test_every_default_is_that_of_the_schema(heading: str, model: type[BaseModel]) -> None:
    direction = "down" if model is schema_behavior.ScaleDownModel else "up"
    for key, (_, default) in documented(heading).items():
        field = fields(model)[key]
        told = re.search(rf"(?:^|\b{direction} )`([^`]+)`", default)
        if isinstance(field.default, SCALARS):
            assert told, f"{key} has the default {field.default}, of which the page says nothing"
            assert read(told[1], field) == field.default, key
        elif told and field.default is None:
            assert key in COMES_LATER or default != told[0], f"{key} has no default"
