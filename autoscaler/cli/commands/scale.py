"""`autoscaler scale`: bring services to a count."""

import typer

from autoscaler.cli.client.completion import ALL
from autoscaler.cli.options import FOR, JSON_OPTION, SERVICE, URL_OPTION, seconds_of
from autoscaler.errors import ConfigError, DaemonAbsent


def scale(
    service: str = SERVICE,
    replicas: int = typer.Argument(help="The number of replicas, within the service's bounds.", min=1),
    *,
    for_: str | None = typer.Option(None, FOR, help="How long the daemon keeps the count, such as 2h; default: 30m."),
    wait: bool = typer.Option(True, "--wait/--no-wait", help="Wait until the replicas are ready."),
    timeout: str = typer.Option("5m", help="How long to wait for a running daemon."),
    url: str | None = URL_OPTION,
    json: bool = JSON_OPTION,
) -> None:
    """Scale a service by hand. A running daemon keeps the count until the time is over; without one, this scales once.

    Example: autoscaler scale userservice 4 --for 2h
    """
    from autoscaler.cli.client.operator import operator_api, send, warn
    from autoscaler.cli.client.wait import scale_and_wait
    from autoscaler.cli.text.answers_text import print_answers, print_results
    from autoscaler.config.settings import load_settings

    settings = load_settings()
    api = operator_api(settings, url)
    timeout_seconds = seconds_of("--timeout", timeout)
    try:
        api.names()
    except DaemonAbsent:
        if url is not None or settings.url is not None:
            raise
        if for_ is not None:
            raise ConfigError(f"{FOR} needs a running daemon, and none listens at {api.url}") from None
        from autoscaler.standalone import scale as standalone

        results = standalone.scale(settings, () if service == ALL else (service,), replicas)
        note = f"no daemon listens at {api.url}, so this command scaled by itself"
        good = print_results(results, json=json, note=note)
    else:
        body = {"replicas": replicas} if for_ is None else {"replicas": replicas, "for": for_}
        if wait:
            good = print_results(scale_and_wait(api, service, body, timeout_seconds), json=json)
        else:
            answers = send(api, service, "scale", body)
            warn(answers)
            good = print_answers(answers, json=json)
    if not good:
        raise typer.Exit(1)
