"""Integer-exact models of the firmware blocks, one file a block, and the interface table."""
