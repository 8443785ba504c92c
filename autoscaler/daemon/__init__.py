"""The process that runs on: it builds the parts, turns the loop, and ends in order."""
