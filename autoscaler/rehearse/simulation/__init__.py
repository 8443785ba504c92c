"""A policy on a simulated service."""
