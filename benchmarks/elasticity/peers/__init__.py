"""Ports of other autoscalers, each independent of the daemon's own core."""
