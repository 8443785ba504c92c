"""A small load test through the gateway: does it answer, how fast, and which replicas do."""
