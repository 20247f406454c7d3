"""Menu optimisation: what a search reaches against the Level-1 rate that the menu costs."""
