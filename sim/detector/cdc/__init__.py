"""The central drift chamber: particles in, hit wires out."""
