"""Where a service is reached through Traefik, for those who load-test it."""
