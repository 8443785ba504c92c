"""The daemon's process: it builds the parts, runs the loop, and ends in order."""
