"""Simulates a policy on a model of a service."""
