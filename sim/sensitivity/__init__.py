"""What a trigger is worth: efficiencies of a menu turned into the reach of a search."""
