"""Hadronic final states: packaged samples, or Pythia where it is installed."""
