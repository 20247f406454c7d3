"""Which sub-trigger sends which input bit of the menu.

Calorimeter bits are those that `trigger.menu.inputs` knows. The others go by name, after the
classes of the public GDL menus (ecl_klm_gdl sections 4 to 6 of the reference notes): counts of
tracks and angles between them come from the drift chamber, what cuts on neural tracks comes later,
after the network, and everything that matches or compares sub-triggers comes from the GRL. Machine
and monitor inputs (veto, pulses) belong to none.
"""

from __future__ import annotations

import re

from trigger.menu.inputs import ECL_INPUTS

SUB_TRIGGERS = ("ecl", "cdc", "klm", "grl", "top", "neuro")
"""Names by number."""

ECL, CDC, KLM, GRL, TOP, NEURO = range(6)

_BY_NAME = (
    ("grl", r"cdcecl|cdcklm|cdctop|seklm|ecleklm|ieklm|iecl|secl|fwd_s|bwd_s|c2gev|n1gev|n2gev"
            r"|d[3579]|p[3579]|trkbha[12]|trkflt|track|grlgg[12]|samhem|opohem"
            r"|fwdsb|bwdsb|fwdnb|bwdnb|brl[fn]b[12]"),
    ("neuro", r"ty|typ"),
    ("cdc", r"t[23sxai]|cdc_\w+|f2f30|s2\w+|i2[if]o|itsfb2b"),
    ("klm", r"klm|eklm|klm_hit|eklm_hit|klmb2b|eklmb2b"),
    ("top", r"top|top_bb|top_active"),
    ("ecl", r"clst|bha_theta|bha_type"),
)  # fmt: skip


def sub_trigger_of(name: str) -> str | None:
    """Return the sub-trigger that sends an input bit, None for none.

    Parameters
    ----------
    name : str
        Name of the bit; bit 2 of a multi-bit input is ``clst_2``.
    """
    if name in ECL_INPUTS:
        return "ecl"
    stem = re.sub(r"_[0-9]+$", "", name)
    for sub_trigger, pattern in _BY_NAME:
        if re.fullmatch(pattern, name) or re.fullmatch(pattern, stem):
            return sub_trigger
    return None
