"""Rehearses a policy on a simulated service, or on your own history."""
