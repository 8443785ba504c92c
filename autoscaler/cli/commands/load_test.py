"""`autoscaler load-test`: a few requests through the gateway, and the replicas that answered."""

import typer

from autoscaler.cli.client.completion import service_names
from autoscaler.cli.options import JSON_OPTION, seconds_of

MOST_REQUESTS, MOST_CLIENTS = 100_000, 200


def load_test(
    service: str = typer.Argument(help="A service behind Traefik.", autocompletion=service_names),
    *,
    requests: int = typer.Option(30, help="How many requests.", min=1, max=MOST_REQUESTS),
    delay: str = typer.Option("300ms", help="How long each client waits after an answer."),
    concurrency: int = typer.Option(1, help="How many clients at once.", min=1, max=MOST_CLIENTS),
    cookies: bool = typer.Option(True, "--cookies/--no-cookies", help="Whether clients keep cookies, as browsers do."),
    path: str | None = typer.Option(None, help="The path; default: as the router's rule says."),
    url: str | None = typer.Option(None, help="The gateway, and the path if it has one; default: Traefik's own port."),
    insecure: bool = typer.Option(False, "--insecure", help="Take any certificate."),
    json: bool = JSON_OPTION,
) -> None:
    """Send a few requests through the gateway: do they succeed, how fast, which replicas answer. Exit 1 if it fails.

    Example: autoscaler load-test userservice --requests 30 --delay 300ms --no-cookies --insecure
    """
    from autoscaler.cli.client.daemon_client import check_url
    from autoscaler.cli.text.load_test_text import LoadTestResult, as_json, print_outcome, progress_bar
    from autoscaler.cli.text.output import print_json
    from autoscaler.config.settings import load_settings
    from autoscaler.loadtest.answers import spread
    from autoscaler.loadtest.client import Load, send
    from autoscaler.loadtest.replicas import Recogniser
    from autoscaler.loadtest.verdict import judge
    from autoscaler.standalone.gateway_route import aim_at, entrance_of

    delay_seconds = seconds_of("--delay", delay)
    if url is not None:
        check_url(url)
    entrance = entrance_of(load_settings(), service, url)
    target, host = aim_at(entrance, url, path)
    load = Load(target, requests, delay_seconds, concurrency, host, cookies=cookies, verified=not insecure)
    recogniser = Recogniser(entrance.replicas, entrance.cookie)
    with progress_bar(load) as advance:
        answers = send(load, recogniser, advance)
    found = spread(answers, recogniser)
    verdict = judge(answers, found, entrance.ready)
    outcome = LoadTestResult(service, load, answers, found, verdict, [replica.name for replica in entrance.replicas])
    if json:
        print_json(as_json(outcome))
    else:
        print_outcome(outcome)
    if not outcome.passed:
        raise typer.Exit(1)
