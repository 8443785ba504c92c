"""An autoscaler daemon for Docker Compose services behind Traefik."""

__version__ = "0.1.0"
