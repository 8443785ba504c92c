"""`autoscaler status`: the state of the running daemon and its services."""

import typer

from autoscaler.cli.client.completion import service_names
from autoscaler.cli.options import JSON_OPTION, URL_OPTION, some_seconds


def status(
    service: str | None = typer.Argument(
        None, help="A service of the running daemon; default: all.", autocompletion=service_names
    ),
    *,
    watch: bool = typer.Option(False, "--watch", help="Refresh until Ctrl-C."),
    interval: float = typer.Option(
        "2s", parser=some_seconds, metavar="DURATION", help="With --watch: how often it refreshes."
    ),
    url: str | None = URL_OPTION,
    json: bool = JSON_OPTION,
) -> None:
    """Show each service: its replicas, the last decision and why, pauses and overrides.

    Exit 1 when the daemon is unhealthy, or a service is failing, refused or blind.

    Example: autoscaler status userservice --watch
    """
    from autoscaler.cli.client.daemon_client import DaemonClient, check_url, daemon_url
    from autoscaler.cli.client.evaluations import ask
    from autoscaler.cli.text.output import console, print_json
    from autoscaler.cli.text.status_text import overview
    from autoscaler.config.settings import load_settings

    api = DaemonClient(daemon_url(load_settings()) if url is None else check_url(url))
    if watch:
        from autoscaler.cli.text.status_watch import watch_status

        watch_status(api, service, interval, json=json)
    found = ask(api, service)
    if json:
        print_json(found)
    else:
        console.print(overview(found.daemon, found.services))
    if not found.healthy:
        raise typer.Exit(1)
