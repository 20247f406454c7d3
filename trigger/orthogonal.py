"""Efficiency by the orthogonal-trigger method, and how far it is from the truth.

In data, events that no trigger took are lost. The efficiency of a probe line is then measured in
events that another line, the reference, took: N(probe and reference) / N(reference). It equals
the efficiency if probe and reference are independent within a bin. With simulated events, both
are known:

    bias = eff(reference) - eff(all) = (1 - f) [eff(reference) - eff(no reference)],

where f is the fraction of events with the reference. The closure test asks per bin whether the two
efficiencies on the right agree, and over all bins with a chi-square.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from firmware_models.errors import InputError
from trigger.axes import Axis
from trigger.efficiency import EfficiencyTable

FloatArray = NDArray[np.float64]

LEAST_EXPECTED = 1.0
"""Events expected in each cell of a bin's 2 x 2 table (Cochran's rule, the wider of its bounds)."""


@dataclass(frozen=True)
class Closure:
    """Test of "probe and reference are independent in every bin".

    Parameters
    ----------
    z : ndarray, one axis a variable
        Difference of the two efficiencies over its error if they were equal; NaN where a side is
        empty or all or no events pass, or where fewer than one event is expected to pass or to fail
        on a side: the sum is no chi-square with such bins.
    chi2, n_bins, p_value : float, int, float
        Sum of z**2, number of bins with a z, and chance of a larger sum for independent lines.
    """

    z: FloatArray
    chi2: float
    n_bins: int
    p_value: float


class OrthogonalMethod:
    """Probe efficiency in events with and without the reference.

    Parameters
    ----------
    probe, reference : str
        Lines.
    axes : sequence of Axis
    weighted : bool
    stage : {"ftdl", "psnm"}
        Probe before or after prescale.

    Attributes
    ----------
    with_reference, without_reference : EfficiencyTable
        Probe efficiency in the two halves; the first is the measurement.
    """

    def __init__(
        self,
        probe: str,
        reference: str,
        axes: Sequence[Axis],
        *,
        weighted: bool = False,
        stage: str = "ftdl",
    ) -> None:
        self.probe, self.reference = probe, reference
        self.with_reference, self.without_reference = (
            EfficiencyTable(probe, axes, weighted=weighted, stage=stage, condition=condition)
            for condition in (reference, f"not {reference}")
        )

    def fill(
        self,
        values: Mapping[str, ArrayLike],
        probe: NDArray[np.bool_],
        reference: NDArray[np.bool_],
        weight: FloatArray | None = None,
    ) -> OrthogonalMethod:
        """Add events; return itself. Arguments as in `EfficiencyTable.fill`."""
        for table, chosen in (
            (self.with_reference, reference), (self.without_reference, ~reference)
        ):  # fmt: skip
            part = {axis.name: np.asarray(values[axis.name])[chosen] for axis in table.axes
                    if axis.name in values}  # fmt: skip
            table.fill(part, probe[chosen], None if weight is None else weight[chosen])
        return self

    def merge(self, other: OrthogonalMethod) -> OrthogonalMethod:
        """Add the events of another measurement of the same lines and axes; return itself.

        Raises
        ------
        InputError
            When lines, stage or axes differ.
        """
        if self.reference != other.reference:
            raise InputError("measurements differ in the reference", place=self.probe)
        self.with_reference += other.with_reference
        self.without_reference += other.without_reference
        return self

    @property
    def truth(self) -> EfficiencyTable:
        """Efficiency among all events."""
        return self.with_reference + self.without_reference

    def bias(self) -> tuple[FloatArray, FloatArray]:
        """Return measured minus true efficiency per bin, and its error.

        The error is that of eff(reference) - eff(no reference) with independent halves, times
        1 - f; for weighted events the number of events is (sum w)**2 / (sum w**2).

        Returns
        -------
        bias, error : ndarray, one axis a variable
            NaN where a half is empty.
        """
        inside, rest = self.with_reference, self.without_reference
        lost = 1 - _ratio(inside.n_total, inside.n_total + rest.n_total)
        eff_in, eff_out = inside.efficiency(), rest.efficiency()
        variance = sum(
            eff * (1 - eff) / _effective(table)
            for eff, table in ((eff_in, inside), (eff_out, rest))
        )
        return lost * (eff_in - eff_out), lost * np.sqrt(variance)

    def closure(self) -> Closure:
        """Test independence with the pooled efficiency: the chi-square of each 2 x 2 table."""
        inside, rest = self.with_reference, self.without_reference
        pooled = self.truth.efficiency()
        spread = pooled * (1 - pooled) * (1 / _effective(inside) + 1 / _effective(rest))
        difference = inside.efficiency() - rest.efficiency()
        smaller = np.fmin(_effective(inside), _effective(rest))
        with np.errstate(invalid="ignore"):
            enough = (spread > 0) & (smaller * np.fmin(pooled, 1 - pooled) >= LEAST_EXPECTED)
        z = np.divide(difference, np.sqrt(spread), out=np.full(spread.shape, np.nan),
                      where=enough)  # fmt: skip
        n_bins = int(np.isfinite(z).sum())
        chi2 = float(np.nansum(z**2))
        p_value = float(special.chdtrc(n_bins, chi2)) if n_bins else float("nan")
        return Closure(z, chi2, n_bins, p_value)


def _ratio(part: NDArray[np.generic], whole: NDArray[np.generic]) -> FloatArray:
    top, bottom = part.astype(float), whole.astype(float)
    ratio: FloatArray = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)
    return ratio


def _effective(table: EfficiencyTable) -> FloatArray:
    return _ratio(np.square(table.n_total.astype(float)), table.w2_total)
