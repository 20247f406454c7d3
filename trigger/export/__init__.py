"""Efficiency tables as files for others: correctionlib, CSV, HEPData YAML, JSON.

One table, several views: every format is written from `trigger.efficiency.EfficiencyTable` and
carries the counts, so that users can join bins and choose their own interval.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from firmware_models.errors import unknown_name
from firmware_models.files import write_text
from trigger.efficiency import EfficiencyTable
from trigger.intervals import ONE_SIGMA
from trigger.targets import checked_targets

FORMATS = {
    "correctionlib": ("trigger.export.correctionlib", ".corr.json"),
    "csv": ("trigger.export.csv", ".csv"),
    "hepdata": ("trigger.export.hepdata", ".hepdata.yaml"),
    "json": ("trigger.export.json", ".json"),
}
"""Module and file name ending of each format."""


def targets(stem: str | Path, formats: Sequence[str]) -> list[Path]:
    """Return the files that `write_all` writes, checked; see `trigger.targets.checked_targets`.

    Raises
    ------
    InputError
        For an unknown format, or a file that cannot be there.
    """
    for name in formats:
        if name not in FORMATS:
            raise unknown_name("format", name, FORMATS)
    return checked_targets(stem, [FORMATS[name][1] for name in formats])


def write_all(
    tables: Sequence[EfficiencyTable],
    stem: str | Path,
    formats: Sequence[str],
    *,
    method: str = "clopper-pearson",
    cl: float = ONE_SIGMA,
    description: str = "",
) -> list[Path]:
    """Write tables in several formats; every file is written whole.

    Parameters
    ----------
    tables : sequence of EfficiencyTable
        Of the same axes.
    stem : str or Path
        File name without ending.
    formats : sequence of str
        Of `FORMATS`.
    method : str
        Interval of counts.
    cl : float
        Confidence level.
    description : str
        Where the tables come from.

    Returns
    -------
    list of Path
        The files, in the order of `formats`.

    Raises
    ------
    InputError
        For an unknown format, before anything is written, or when a folder does not exist.
    """
    texts = []
    for name, path in zip(formats, targets(stem, formats), strict=True):
        module, _ = FORMATS[name]
        render = importlib.import_module(module).render
        text: str = render(tables, method=method, cl=cl, description=description)
        texts.append((path, text))
    for path, text in texts:
        write_text(path, text)
    return [path for path, _ in texts]
