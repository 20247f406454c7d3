"""The Level-1 trigger in time: primitives arrive, the GDL decides on the ticks that matter."""
