"""Adding replicas: what can be cloned, the clone itself, and the wait until it is ready."""
