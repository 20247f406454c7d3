"""Event files in the formats of generators and analyses.

`open_events` reads any of them in chunks; `write_events` stores events in our own Parquet schema.
"""

from sim.readers.event_file import EventFile, open_events
from sim.readers.layout import RootLayout
from sim.readers.parquet import write_events

__all__ = ["EventFile", "RootLayout", "open_events", "write_events"]
