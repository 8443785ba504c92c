"""Decides how many replicas a service should have: frozen values in, frozen values out, no I/O, no clock."""
