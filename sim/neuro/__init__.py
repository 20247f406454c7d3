"""Toy tracks and fitted weights for the neural track trigger."""
