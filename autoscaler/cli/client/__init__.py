"""The client of a running daemon, for commands."""
