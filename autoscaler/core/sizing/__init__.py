"""Sizing that needs no expert: what is learned of capacity, headroom and season. Pure."""
