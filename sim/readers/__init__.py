"""Event files in the formats of generators and analyses."""
