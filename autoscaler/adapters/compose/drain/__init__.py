"""Removing replicas: which ones, how each is drained, and how it is stopped."""
