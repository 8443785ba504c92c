"""Rehearsal: what a policy would do on a simulated service, or would have done on your own history."""
