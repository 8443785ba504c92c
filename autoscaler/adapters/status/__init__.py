"""Keeps the last state of services and daemon, for the web server."""
