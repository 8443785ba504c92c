"""What one decision costs: time and memory per service, over simulated hours."""
