"""Tracks to train the track trigger's networks with, and the trainings."""
