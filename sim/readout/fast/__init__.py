"""The fast engine: a compiled recursion over accepted events."""
