"""Data that `lowmult generate` derives from the packaged menu."""
