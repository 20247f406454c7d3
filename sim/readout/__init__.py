"""From Level-1 candidates in time to events on disk: throttle, buffers, links, farm, storage."""
