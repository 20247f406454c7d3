"""The collider in time: filled buckets, collisions, currents, injections."""

from sim.accelerator.accelerator import Accelerator
from sim.accelerator.config import MachineConfig

__all__ = ["Accelerator", "MachineConfig"]
