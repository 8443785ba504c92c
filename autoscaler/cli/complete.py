"""Completion in the shell: the services of the policy file."""

from autoscaler.errors import ConfigError

ALL = "all"


def service_names(incomplete: str) -> list[str]:
    """Return the services that begin like that; none when there is no policy file, or one with mistakes."""
    from autoscaler.policyfile.load import load  # noqa: PLC0415  every command names this function, few complete
    from autoscaler.settings import load_settings  # noqa: PLC0415

    try:
        settings = load_settings()
        services = load(settings.config, settings).services
    except ConfigError:
        return []
    return sorted(name for name in services if name.startswith(incomplete))


def service_names_or_all(incomplete: str) -> list[str]:
    """Return what `service_names` does, and `all`."""
    return [*service_names(incomplete), *([ALL] if ALL.startswith(incomplete) else [])]
