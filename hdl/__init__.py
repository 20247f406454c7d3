"""RTL, testbenches, batch drivers and proofs for the blocks of `firmware_models`."""
