"""Two daemons scale under load while they are killed and what they ask fails, by a plan that a seed draws."""
