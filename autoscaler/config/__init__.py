"""Reads the policy file: YAML with line numbers in, frozen policies or errors with their place out."""
