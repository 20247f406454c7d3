"""Efficiency of trigger lines in bins of truth variables.

A table keeps what passed and what there was, per bin: integers for unweighted events, sums of
weights and of squared weights for weighted ones. Everything else (efficiency, interval, coarser
bins, exports) follows from these, so tables of chunks, workers and files add up exactly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from firmware_models.errors import InputError, unknown_name
from trigger import intervals
from trigger.axes import Axis
from trigger.decisions import STAGES, basf2_name, check_weights

Counts = NDArray[np.int64] | NDArray[np.float64]
FloatArray = NDArray[np.float64]

MAX_BINS = 1_000_000
"""Most bins of a table: every bin becomes a row of some hundred bytes in the exported files."""

_SUMS = ("n_pass", "n_total", "w2_pass", "w2_total")


def check_bins(axes: Sequence[Axis], *, place: str = "") -> None:
    """Refuse axes whose product has more than `MAX_BINS` bins, before any memory is asked for.

    Raises
    ------
    InputError
    """
    n_bins = math.prod(len(axis) for axis in axes)
    if n_bins > MAX_BINS:
        product = " x ".join(str(len(axis)) for axis in axes)
        raise InputError(
            f"{product} = {n_bins} bins are too many; allowed: {MAX_BINS}", place=place
        )


class EfficiencyTable:
    """Passing and all events of one line in bins.

    Parameters
    ----------
    line : str
        Output line, such as ``lml6``.
    axes : sequence of Axis
        At least one.
    weighted : bool
        Sums of weights instead of counts.
    stage : {"ftdl", "psnm"}
        Line before or after prescale.
    condition : str
        What all events had to satisfy, such as another line; for the record.

    Attributes
    ----------
    n_pass, n_total : ndarray of int64 (counts) or float64 (sums of weights), one axis a variable
    w2_pass, w2_total : ndarray of float64
        Sums of squared weights; for counts the counts themselves.
    outside : ndarray, shape (2,)
        Passing and all events (or weights) in no bin: beyond the edges or NaN on any axis.
    """

    def __init__(
        self,
        line: str,
        axes: Sequence[Axis],
        *,
        weighted: bool = False,
        stage: str = "ftdl",
        condition: str = "",
    ) -> None:
        if not axes:
            raise InputError("needs at least one axis", place=f"efficiency of {line}")
        names = [axis.name for axis in axes]
        if len(set(names)) != len(names):
            raise InputError(f"doubled axis in {', '.join(names)}", place=f"efficiency of {line}")
        if stage not in STAGES:
            raise unknown_name("stage", stage, STAGES, place=f"efficiency of {line}")
        check_bins(axes, place=f"efficiency of {line}")
        self.line, self.axes, self.weighted = line, tuple(axes), weighted
        self.stage, self.condition = stage, condition
        self.n_pass: Counts = self._zeros(self.shape)
        self.n_total: Counts = self._zeros(self.shape)
        self.outside: Counts = self._zeros((2,))
        self._w2: tuple[FloatArray, FloatArray] | None = None
        if weighted:
            self._w2 = (np.zeros(self.shape), np.zeros(self.shape))

    def _zeros(self, shape: tuple[int, ...]) -> Counts:
        return np.zeros(shape, np.float64) if self.weighted else np.zeros(shape, np.int64)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of bins on each axis."""
        return tuple(len(axis) for axis in self.axes)

    @property
    def bit(self) -> str:
        """Name of the bit in basf2, such as ``L1FTDL(lml6)``."""
        return basf2_name(self.stage, self.line)

    @property
    def w2_pass(self) -> FloatArray:
        """Sum of squared weights of the passing events."""
        return self.n_pass.astype(np.float64) if self._w2 is None else self._w2[0]

    @property
    def w2_total(self) -> FloatArray:
        """Sum of squared weights of all events."""
        return self.n_total.astype(np.float64) if self._w2 is None else self._w2[1]

    def fill(
        self,
        values: Mapping[str, ArrayLike],
        passed: NDArray[np.bool_],
        weight: FloatArray | None = None,
    ) -> EfficiencyTable:
        """Add events; return the table itself.

        Parameters
        ----------
        values : mapping of str to array_like, shape (n,)
            At least the variable of every axis.
        passed : ndarray of bool, shape (n,)
            Whether the line fired, such as ``chunk.bit("lml6")``.
        weight : ndarray of float64, shape (n,), optional
            Only and always for weighted tables.

        Raises
        ------
        InputError
            When a variable is missing or lengths differ.
        """
        if self.weighted != (weight is not None):
            need = "needs weights" if self.weighted else "is a table of counts, without weights"
            raise InputError(need, place=f"efficiency of {self.line}")
        if weight is not None:
            check_weights(weight, place=f"efficiency of {self.line}: weight")
        where = self._bins(values, len(passed))
        inside = where >= 0
        size = int(np.prod(self.shape))

        def sums(chosen: NDArray[np.bool_], w: FloatArray | None) -> Counts:
            counts = np.bincount(where[chosen], None if w is None else w[chosen], minlength=size)
            result: Counts = counts.reshape(self.shape)
            return result

        self.n_pass = self.n_pass + sums(inside & passed, weight)
        self.n_total = self.n_total + sums(inside, weight)
        one = np.ones(len(passed), np.int64) if weight is None else weight
        self.outside = self.outside + np.array([one[~inside & passed].sum(), one[~inside].sum()])
        if self._w2 is not None and weight is not None:
            squared = np.square(weight)
            old_pass, old_total = self._w2
            new_pass, new_total = sums(inside & passed, squared), sums(inside, squared)
            self._w2 = (old_pass + new_pass, old_total + new_total)
        return self

    def _bins(self, values: Mapping[str, ArrayLike], n: int) -> NDArray[np.int64]:
        """Return the flat bin of every event in row-major order, -1 outside."""
        flat, outside = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=bool)
        for axis in self.axes:
            if axis.name not in values:
                raise unknown_name(
                    "variable", axis.name, values, place=f"efficiency of {self.line}"
                )
            index = axis.index(values[axis.name])
            if index.shape != (n,):
                raise InputError(f"{len(index)} values for {n} events", place=axis.name)
            outside |= index < 0
            flat = flat * len(axis) + index
        flat[outside] = -1
        return flat

    def merge(self, other: EfficiencyTable) -> EfficiencyTable:
        """Return a new table of the events of both.

        Counts and sums of weights add up to sums of weights: counted events have weight 1.

        Raises
        ------
        InputError
            When line, stage or axes differ.
        """
        for name in ("line", "stage", "axes"):
            if getattr(self, name) != getattr(other, name):
                raise InputError(f"tables differ in {name}", place=f"efficiency of {self.line}")
        same = self.condition == other.condition
        result = EfficiencyTable(
            self.line, self.axes, weighted=self.weighted or other.weighted, stage=self.stage,
            condition=self.condition if same else "",
        )  # fmt: skip
        result._set(
            {name: getattr(self, name) + getattr(other, name) for name in _SUMS},
            self.outside + other.outside,
        )
        return result

    __add__ = merge

    def rebin(self, **edges: Sequence[float] | int) -> EfficiencyTable:
        """Return a table with joined bins, such as ``rebin(e_cm=2, theta_lab=[0.3, 1.5, 2.7])``.

        Parameters
        ----------
        **edges : sequence of float or int
            By variable: new edges, each an old one, or how many bins to join.

        Raises
        ------
        InputError
            For an unknown variable or impossible edges.
        """
        axes, sums = list(self.axes), {name: getattr(self, name) for name in _SUMS}
        for name, wanted in edges.items():
            place = self._axis_number(name)
            axes[place], starts = axes[place].rebinned(wanted)
            sums = {key: np.add.reduceat(old, starts, axis=place) for key, old in sums.items()}
        result = self._like(axes, self.condition)
        result._set(sums, self.outside)
        return result

    def project(self, *names: str) -> EfficiencyTable:
        """Return the table in fewer variables, summed over the bins of the others.

        Events outside the summed axes stay outside.

        Raises
        ------
        InputError
            For an unknown variable.
        """
        keep = [self._axis_number(name) for name in names]
        gone = tuple(i for i in range(len(self.axes)) if i not in keep)
        order = np.argsort(np.argsort(keep))
        result = self._like([self.axes[i] for i in keep], self.condition)
        result._set(
            {name: getattr(self, name).sum(axis=gone).transpose(order) for name in _SUMS},
            self.outside,
        )
        return result

    def _axis_number(self, name: str) -> int:
        names = [axis.name for axis in self.axes]
        if name not in names:
            raise unknown_name("axis", name, names, place=f"efficiency of {self.line}")
        return names.index(name)

    def _like(self, axes: Sequence[Axis], condition: str) -> EfficiencyTable:
        return EfficiencyTable(
            self.line, axes, weighted=self.weighted, stage=self.stage, condition=condition
        )

    def _set(self, sums: Mapping[str, Counts], outside: Counts) -> None:
        """Replace what the table holds."""
        self.n_pass, self.n_total, self.outside = sums["n_pass"], sums["n_total"], outside
        if self.weighted:
            self._w2 = (np.asarray(sums["w2_pass"], float), np.asarray(sums["w2_total"], float))

    @classmethod
    def from_sums(
        cls,
        line: str,
        axes: Sequence[Axis],
        sums: Mapping[str, ArrayLike],
        *,
        outside: ArrayLike = (0, 0),
        stage: str = "ftdl",
        condition: str = "",
    ) -> EfficiencyTable:
        """Build a table from its sums, such as those of a file.

        Parameters
        ----------
        line, axes, stage, condition
            As for the table.
        sums : mapping of str to array_like
            ``n_pass`` and ``n_total``; with ``w2_pass`` and ``w2_total`` the table is weighted.
        outside : array_like, shape (2,)

        Raises
        ------
        InputError
            When shapes do not fit the axes, or counts are negative or not whole.
        """
        weighted = "w2_pass" in sums
        table = cls(line, axes, weighted=weighted, stage=stage, condition=condition)
        found: dict[str, Counts] = {}
        for name in _SUMS if weighted else _SUMS[:2]:
            values = np.asarray(sums[name], dtype=np.float64)
            place = f"efficiency of {line}: {name}"
            if values.shape != table.shape:
                raise InputError(f"shape {values.shape}, bins {table.shape}", place=place)
            if not np.isfinite(values).all():
                raise InputError("must be finite", place=place)
            if not weighted and ((values < 0) | (values != np.floor(values))).any():
                raise InputError("counts must be whole and not negative", place=place)
            found[name] = values if weighted else values.astype(np.int64)
        if not weighted and (found["n_pass"] > found["n_total"]).any():
            raise InputError("more events pass than there are", place=f"efficiency of {line}")
        beyond = table._zeros((2,)) + np.asarray(outside).astype(table.outside.dtype)
        table._set(found, beyond)
        return table

    def efficiency(self) -> FloatArray:
        """Return n_pass / n_total per bin, NaN where there is nothing."""
        return intervals.efficiency(self.n_pass, self.n_total)

    def interval(
        self, method: str = "clopper-pearson", cl: float = intervals.ONE_SIGMA
    ) -> tuple[FloatArray, FloatArray]:
        """Return lower and upper bound per bin, [0, 1] where there is nothing.

        Parameters
        ----------
        method : str
            ``clopper-pearson``, ``wilson`` or ``jeffreys``; weighted tables always take the
            generalised Wilson interval.
        cl : float
            Confidence level; default 68.27 %.

        Raises
        ------
        InputError
            For an unknown method or an impossible level.
        """
        chosen = intervals.method(method)
        if self.weighted:
            return intervals.generalised_wilson(
                self.n_pass, self.n_total, self.w2_pass, self.w2_total, cl
            )
        return chosen(self.n_pass, self.n_total, cl)

    def interval_name(self, method: str) -> str:
        """Return which interval `interval` gives for that method."""
        return intervals.GENERALISED_WILSON if self.weighted else method

    def tidy(
        self, method: str = "clopper-pearson", cl: float = intervals.ONE_SIGMA
    ) -> list[dict[str, Any]]:
        """Return one row a bin, in row-major order: edges, efficiency, errors and sums.

        Columns: ``line``, ``<axis>_lo`` and ``<axis>_hi`` for each axis, ``eff``, ``err_lo`` and
        ``err_hi`` (distances to the bounds, not negative), ``n_pass``, ``n_total``, and for
        weighted tables ``w2_pass`` and ``w2_total``. Without events ``eff``, ``err_lo`` and
        ``err_hi`` are NaN.
        """
        eff, (lo, hi) = self.efficiency(), self.interval(method, cl)
        rows = []
        for where in np.ndindex(self.shape):
            row: dict[str, Any] = {"line": self.line}
            for axis, i in zip(self.axes, where, strict=True):
                row[f"{axis.name}_lo"], row[f"{axis.name}_hi"] = axis.edges[i], axis.edges[i + 1]
            row["eff"] = float(eff[where])
            row["err_lo"] = float(eff[where] - lo[where])
            row["err_hi"] = float(hi[where] - eff[where])
            for name in _SUMS if self.weighted else _SUMS[:2]:
                row[name] = getattr(self, name)[where].item()
            rows.append(row)
        return rows

    def __eq__(self, other: object) -> bool:
        """Compare everything that the table holds."""
        if not isinstance(other, EfficiencyTable):
            return NotImplemented
        return all(
            getattr(self, name) == getattr(other, name)
            for name in ("line", "stage", "condition", "axes", "weighted")
        ) and all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in (*_SUMS, "outside")
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Return line, axes and totals."""
        axes = ", ".join(f"{axis.name}[{len(axis)}]" for axis in self.axes)
        return f"EfficiencyTable({self.bit}, {axes}, {self.n_pass.sum()} of {self.n_total.sum()})"
