"""Which of several daemons acts on a Compose project."""
