"""What a command costs before it has done anything: CPU and wall time, and which imports take it."""
