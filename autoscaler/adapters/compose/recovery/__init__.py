"""Cleaning up after interrupted operations."""
