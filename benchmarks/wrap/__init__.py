"""What it costs the engine to probe replicas whose healthcheck has been wrapped."""
