"""One adapter for each outside thing; only they import its client library."""
