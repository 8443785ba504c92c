"""Learns capacity, headroom and season of a service. Pure."""
