"""`make demo`: the whole stack under load, scaled up and down again, with a verdict."""
