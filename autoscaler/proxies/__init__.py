"""Processes of their own beside the daemon. They import neither docker nor pydantic, so that they stay small."""
