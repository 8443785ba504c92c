"""What Traefik's Docker provider sees of the engine: little, read-only, and without the replicas that are to go."""
