"""Track segments against the simulation's truth: which side of the track, which particle."""
