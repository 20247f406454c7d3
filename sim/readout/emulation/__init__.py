"""Emulated detector data: the accepted events as a byte stream in time, and a reader of it."""
