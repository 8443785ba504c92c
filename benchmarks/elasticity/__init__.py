"""Elasticity: the same plant, arrivals and demand for HPA, KPA, Nomad, an oracle and ours, scored alike."""
