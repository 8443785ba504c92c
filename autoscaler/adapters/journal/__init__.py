"""The journal: past evaluations, kept in memory and bounded."""
