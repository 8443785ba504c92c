"""Where a service is reached through Traefik, for load tests."""
