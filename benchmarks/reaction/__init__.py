"""How long it takes from a step of the load until a new replica serves, and where each second goes."""
