"""The muon detector (KLM): particles in, hit planes out."""
