"""A small load test through the gateway: answers, latencies, and the replicas that answered."""
