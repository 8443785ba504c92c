"""Options and arguments that commands share. Loaded for every command, so it imports no large library."""

import typer

from autoscaler.cli.client.completion import service_names_or_all
from autoscaler.errors import ConfigError
from autoscaler.formats import parse_duration

FOR = "--for"
JSON_OPTION = typer.Option(False, "--json", help="Print JSON instead of a table.")
SERVICE = typer.Argument(help="A service of the policy file, or `all`.", autocompletion=service_names_or_all)
URL_OPTION = typer.Option(None, "--url", help="The daemon's address; default: as AUTOSCALER_URL or _LISTEN says.")


def seconds(text: str | float) -> float:
    """Parse a duration, such as 20s."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}, not {text!r}") from error


def seconds_of(option: str, text: str) -> float:
    """Parse the duration of a text option.

    Raises:
        ConfigError: it is no duration.
    """
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ConfigError(f"{option} {error}, not {text!r}") from error


def some_seconds(text: str | float) -> float:
    """Parse a duration of at least a millisecond."""
    number = seconds(text)
    if number < 0.001:  # noqa: PLR2004
        raise typer.BadParameter(f"must be at least 1ms, not {text!r}")
    return number


def whole_seconds(text: str | int) -> int:
    """Parse a duration of whole seconds, at least one."""
    number = seconds(text)
    if number < 1 or number != int(number):
        raise typer.BadParameter(f"must be whole seconds, at least 1s, not {text!r}")
    return int(number)
