"""The trigger as a physicist sees it: menu, decisions, rates, efficiencies, tables."""
