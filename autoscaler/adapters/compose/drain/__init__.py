"""From too many replicas to few enough: who goes, how it is drained, and how it ends."""
