"""What removing replicas costs the requests: none may fail, and none may wait."""
