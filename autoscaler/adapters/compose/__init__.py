"""Docker Compose services through the Engine API (docker SDK): observe, clone, remove. Compose goes on owning all."""
