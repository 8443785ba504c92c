"""A real engine, Compose and images on a fresh machine, even where no registry answers."""
