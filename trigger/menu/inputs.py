"""Which input bits of the menu the calorimeter trigger produces.

Names are those of the public GDL menus where such a bit exists there; ``ecl_taub2b*`` and
``ecl_hie*`` are names of our own in the same style. ``bha_veto`` is the 3D Bhabha bit
(ecl_klm_gdl section 5 of the reference notes).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError
from firmware_models.interface.ecl import ECL_TRIGGER
from trigger.bits import BitTable


@dataclass(frozen=True)
class Source:
    """Where an input bit comes from: field of the word, element of the field, bit of it."""

    field: str
    element: int = 0
    bit: int = 0


ECL_INPUTS: dict[str, Source] = {
    "ecl_active": Source("hit"),
    "ecl_timing_fwd": Source("timing_source", bit=0),
    "ecl_timing_brl": Source("timing_source", bit=1),
    "ecl_timing_bwd": Source("timing_source", bit=2),
    "ecl_phys": Source("physics"),
    "elow": Source("elow"),
    "ehigh": Source("ehigh"),
    "elum": Source("elum"),
    "ecl_bha": Source("bhabha"),
    "ecl_3dbha": Source("bhabha_3d"),
    "bha_veto": Source("bhabha_3d"),
    "bha_intrk": Source("bhabha_intrack"),
    "ecl_bhapur": Source("bhabha_selection"),
    "bha_theta_0": Source("bhabha_theta", bit=0),
    "bha_theta_1": Source("bhabha_theta", bit=1),
    "ecl_mumu": Source("mumu"),
    "ecl_oflo": Source("overflow"),
    "ecl_bst": Source("burst"),
    **{f"clst_{i}": Source("clst", bit=i) for i in range(4)},
    **{f"ecl_lml_{i}": Source("lml", i) for i in range(12)},
    "ecl_lml_12": Source("lml12"),
    "ecl_lml_13": Source("lml13"),
    "ecl_taub2b": Source("taub2b"),
    "ecl_taub2b2": Source("taub2b2"),
    "ecl_taub2b3": Source("taub2b3"),
    **{f"ecl_hie{i + 1}": Source("hie", i) for i in range(3)},
    "ecl_hie4": Source("hie4"),
}
"""Input bit by name to its source in the word `ecl_trigger`."""


def ecl_input_rows(words: NDArray[np.void]) -> BitTable:
    """Return the menu's input bits from the calorimeter trigger's words.

    Parameters
    ----------
    words : ndarray, shape (n_events,), dtype of the word `ecl_trigger`

    Returns
    -------
    BitTable
        One row for each name of `ECL_INPUTS`, bit-sliced.

    Raises
    ------
    InputError
        When the words are of another type.
    """
    if words.dtype != ECL_TRIGGER.dtype or words.ndim != 1:
        raise InputError(
            f"words of {ECL_TRIGGER.name!r}, shape (n,), are needed, not {words.dtype}"
        )
    dense = np.empty((len(ECL_INPUTS), len(words)), dtype=np.bool_)
    for row, source in enumerate(ECL_INPUTS.values()):
        column = words[source.field]
        column = column[:, source.element] if column.ndim == 2 else column
        dense[row] = column >> column.dtype.type(source.bit) & column.dtype.type(1)
    return BitTable.from_dense(tuple(ECL_INPUTS), dense)
