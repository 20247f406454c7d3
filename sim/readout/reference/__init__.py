"""The reference engine: stages and throttle as objects, events in SimPy's calendar."""
