"""What commands share that talk to a running daemon."""
