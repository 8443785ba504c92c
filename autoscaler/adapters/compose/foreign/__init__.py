"""What somebody else does to the services, seen and heard, and how we keep out of it."""
