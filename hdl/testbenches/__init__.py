"""cocotb testbenches: one folder a block, and the coroutines that all of them share."""
