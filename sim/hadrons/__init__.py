"""Hadronic final states: packaged samples, Pythia where it is installed, and how they are placed."""
