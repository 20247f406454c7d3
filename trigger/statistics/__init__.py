"""Limits on counts of signal events, and what follows from them. docs/reference/statistics.md."""
