"""Reads the policy file: YAML with line numbers in, frozen policies or clear errors out."""
