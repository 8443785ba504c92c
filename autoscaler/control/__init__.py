"""From a decision to an operation: the cycle, the gate, and what is under way."""
