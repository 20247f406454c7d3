"""Truth variables of events, from the generated particles: `variables` lists and computes them.

The other files are one kind of variable each: pairs of electrons, pairs of leptons, searches for
photons, four tracks, decay vertices.
"""

from sim.truth.variables import (
    CDC_RANGE,
    ECL_RANGE,
    VARIABLES,
    Variable,
    leading_three,
    truth_variables,
)

__all__ = ["CDC_RANGE", "ECL_RANGE", "VARIABLES", "Variable", "leading_three", "truth_variables"]
