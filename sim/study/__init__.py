"""Studies: many samples through detector, trigger and menu, to rates, efficiencies and a report."""
