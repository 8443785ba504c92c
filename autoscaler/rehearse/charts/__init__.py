"""Draws rehearsals: in a terminal, as a PNG, as a web page."""
