"""Foreign changes: found in snapshots and events, waited for until they settle, and reported."""
