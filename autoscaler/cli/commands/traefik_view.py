"""`autoscaler traefik-view`: what Traefik sees of the engine."""


def traefik_view() -> None:
    """Show Traefik the containers, without those that are about to go.

    Example: AUTOSCALER_DOCKER_URL=unix:///var/run/docker.sock autoscaler traefik-view
    """
    from autoscaler.proxies.traefik_view.app import main

    main()
