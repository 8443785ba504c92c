"""A copy of the stack whose Traefik sees no other copy on the same engine: it would take both for one."""

import json
from pathlib import Path

TRAEFIK = Path(__file__).parent.parent.parent / "config/traefik/traefik.yaml"


def kept_to(project: str, directory: Path) -> Path:
    """Write Traefik's static configuration for this project alone; return the Compose file that mounts it."""
    config = directory.resolve() / "traefik.yaml"
    config.write_text(with_project(project, TRAEFIK.read_text(encoding="utf-8")), encoding="utf-8")
    override = config.with_name("compose.json")
    mount = f"{config}:/etc/traefik/traefik.yaml:ro"
    override.write_text(json.dumps({"services": {"traefik": {"volumes": [mount]}}}), encoding="utf-8")
    return override


def with_project(project: str, traefik: str) -> str:
    """Add the constraint to a static configuration."""
    only = f"constraints: 'Label(`com.docker.compose.project`, `{project}`)'"
    return traefik.replace("  docker:\n", f"  docker:\n    {only}\n")
