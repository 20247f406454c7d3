"""Rate tables: from sums over events to rates, pure and cumulative rates, overlaps and errors.

Formulas and conventions: docs/reference/rates.md.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, unknown_name
from trigger.decisions import MenuId
from trigger.intervals import one_sided_zero
from trigger.rate_kernels import passing_probability
from trigger.samples import Sample

FloatArray = NDArray[np.float64]

_FLAT = 1e-9
"""Spread of the pass probability, relative to one event, below which all events are alike."""


class Sums(Protocol):
    """What a table needs to know of one process."""

    n_events: int
    n_counted: int
    sum_w: float
    sum_w2: float

    @property
    def weighted(self) -> bool:
        """Whether any event had a weight other than 1."""

    def pairs(self) -> FloatArray:
        """Sums over events with both lines."""

    def before(self) -> FloatArray:
        """Sums over events of the probability that no earlier line passes."""

    def alone(self) -> FloatArray:
        """Sums over events of the probability that no other line passes."""


@dataclass(frozen=True)
class Rates:
    """Rates of one source, or of all, after prescale [Hz]; errors are one standard deviation.

    Parameters
    ----------
    line, pure, cumulative : ndarray, shape (n_lines,)
        Of each line; of events that no other line takes; of all lines up to this one.
    total : float
        Of the whole menu.
    overlap : ndarray, shape (n_lines, n_lines)
        Of events that both lines take; the diagonal is `line`.
    line_err, pure_err, cumulative_err, total_err, overlap_err
        Errors, same shapes.
    """

    line: FloatArray
    line_err: FloatArray
    pure: FloatArray
    pure_err: FloatArray
    cumulative: FloatArray
    cumulative_err: FloatArray
    total: float
    total_err: float
    overlap: FloatArray
    overlap_err: FloatArray


@dataclass(frozen=True)
class RateTable:
    """Rates of a menu.

    Parameters
    ----------
    lines, prescales : tuple
        In menu order.
    luminosity_cm2_s : float
        Instantaneous luminosity [1/(cm2 s)].
    menu : MenuId
    all : Rates
        Of all sources together.
    by_process : mapping of str to Rates
        Of each source.
    """

    lines: tuple[str, ...]
    prescales: tuple[float, ...]
    luminosity_cm2_s: float
    menu: MenuId
    all: Rates
    by_process: Mapping[str, Rates]

    def part(self, processes: Iterable[str]) -> Rates:
        """Return the rates of some of the sources together, such as all with a collision.

        Parameters
        ----------
        processes : iterable of str
            At least one of `by_process`.

        Raises
        ------
        InputError
            For none, or an unknown one.
        """
        chosen = list(dict.fromkeys(processes))
        if not chosen:
            raise InputError("no process", place="part of a rate table")
        for name in chosen:
            if name not in self.by_process:
                raise unknown_name("process", name, self.by_process, place="part of a rate table")
        return _combine([self.by_process[name] for name in chosen])

    def to_json(self) -> dict[str, Any]:
        """Return the table with the keys that other tools rely on."""
        rates = self.all
        return {
            "luminosity_cm2_s": self.luminosity_cm2_s,
            "menu": self.menu.as_dict(),
            "total_hz": rates.total,
            "total_err_hz": rates.total_err,
            "lines": [
                {
                    "name": name,
                    "prescale": self.prescales[i],
                    "rate_hz": float(rates.line[i]),
                    "rate_err_hz": float(rates.line_err[i]),
                    "pure_hz": float(rates.pure[i]),
                    "pure_err_hz": float(rates.pure_err[i]),
                    "cumulative_hz": float(rates.cumulative[i]),
                    "cumulative_err_hz": float(rates.cumulative_err[i]),
                    "by_process": {
                        process: float(part.line[i]) for process, part in self.by_process.items()
                    },
                    "by_process_err": {
                        process: float(part.line_err[i])
                        for process, part in self.by_process.items()
                    },
                    "pure_by_process": {
                        process: float(part.pure[i]) for process, part in self.by_process.items()
                    },
                    "pure_by_process_err": {
                        process: float(part.pure_err[i])
                        for process, part in self.by_process.items()
                    },
                }
                for i, name in enumerate(self.lines)
            ],
            "overlap_hz": rates.overlap.tolist(),
            "overlap_err_hz": rates.overlap_err.tolist(),
        }

    def to_csv(self) -> str:
        """Return the rows of `tidy` as CSV text."""
        rows = self.tidy()
        stream = io.StringIO()
        writer = csv.DictWriter(stream, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return stream.getvalue()

    def tidy(self) -> list[dict[str, Any]]:
        """Return one row a process and line, and rows of process ``all``, for plots and CSV."""
        parts = {"all": self.all, **self.by_process}
        return [
            {
                "process": process,
                "line": line,
                "prescale": self.prescales[i],
                "luminosity_cm2_s": self.luminosity_cm2_s,
                **{
                    f"{column}_hz": float(getattr(rates, name)[i])
                    for column, name in (
                        ("rate", "line"), ("rate_err", "line_err"), ("pure", "pure"),
                        ("pure_err", "pure_err"), ("cumulative", "cumulative"),
                        ("cumulative_err", "cumulative_err"),
                    )
                },
            }
            for process, rates in parts.items()
            for i, line in enumerate(self.lines)
        ]  # fmt: skip


def build_table(
    lines: Sequence[str],
    prescales: Sequence[float],
    sums: Mapping[str, Sums],
    samples: Mapping[str, Sample],
    luminosity_cm2_s: float,
    menu: MenuId,
) -> RateTable:
    """Return the table of all processes; see `trigger.rates.RateAccumulator.rate_table`."""
    if not (np.isfinite(luminosity_cm2_s) and luminosity_cm2_s >= 0):
        raise InputError(f"must be finite and not negative, not {luminosity_cm2_s}",
                         place="luminosity")  # fmt: skip
    if not sums:
        raise InputError("no events", place="rates")
    passing = passing_probability(prescales)
    parts = {
        name: _process_rates(
            name, sums[name], samples.get(name, Sample()), luminosity_cm2_s, passing
        )
        for name in sorted(sums)
    }
    return RateTable(
        tuple(lines), tuple(prescales), luminosity_cm2_s, menu, _combine(list(parts.values())),
        parts,
    )  # fmt: skip


def _combine(parts: Sequence[Rates]) -> Rates:
    """Add rates; add errors in quadrature, as sources are independent."""
    total: dict[str, Any] = {}
    for name in ("line", "pure", "cumulative", "total", "overlap"):
        total[name] = sum(getattr(part, name) for part in parts)
        squares = sum(np.square(getattr(part, f"{name}_err")) for part in parts)
        total[f"{name}_err"] = np.sqrt(squares)
    total["total_err"] = float(total["total_err"])
    return Rates(**total)


@dataclass(frozen=True)
class _Generated:
    """Weights of all generated events: their number or sum, and sum of squares."""

    w: float
    w2: float

    @property
    def effective(self) -> float:
        return self.w * self.w / self.w2


def _process_rates(
    name: str, sums: Sums, sample: Sample, luminosity: float, passing: FloatArray
) -> Rates:
    """Return the rates of one source."""
    generated = _generated(name, sums, sample.checked(name))
    source = sample.source_rate(luminosity, name)
    pairs, before, alone = sums.pairs(), sums.before(), sums.alone()
    q, both = passing, np.outer(passing, passing)
    np.fill_diagonal(both, passing)

    def rate(pw: FloatArray, pw2: FloatArray, p2w2: FloatArray, most: FloatArray) -> Any:
        return _rate_and_error(pw, pw2, p2w2, most, generated, source)

    # P of "this line is the first to pass" is q m, m = before; that of "one of the lines up to
    # here passes" grows by it, and its square by q (2 m (1 - m) + q m).
    step2 = 2 * q * (before[1] - before[2]) + q * q * before[2]
    steps = [np.cumsum(part) for part in (q * before[0], q * before[1], step2)]
    most = np.asarray(1 - np.cumprod(1 - q), dtype=np.float64)
    fires, fires2 = pairs[0].diagonal(), pairs[1].diagonal()
    line, line_err = rate(q * fires, q * fires2, q * q * fires2, q)
    pure, pure_err = rate(q * alone[0], q * alone[1], q * q * alone[2], q)
    cumulative, cumulative_err = rate(steps[0], steps[1], steps[2], most)
    overlap, overlap_err = rate(both * pairs[0], both * pairs[1], both * both * pairs[1], both)
    return Rates(
        line, line_err, pure, pure_err, cumulative, cumulative_err,
        float(cumulative[-1]), float(cumulative_err[-1]), overlap, overlap_err,
    )  # fmt: skip


def _rate_and_error(
    pw: FloatArray,
    pw2: FloatArray,
    p2w2: FloatArray,
    most: FloatArray,
    generated: _Generated,
    source: tuple[float, float],
) -> tuple[FloatArray, FloatArray]:
    """Return rate and error from the sums of w P, w**2 P, w**2 P**2, where P is at most `most`."""
    efficiency = pw / generated.w
    spread = p2w2 - 2 * efficiency * pw2 + efficiency**2 * generated.w2
    error = np.sqrt(np.maximum(spread, 0.0)) / generated.w
    # No event passes, or all alike: the spread vanishes, the error does not.
    per_event = generated.w2 / generated.effective
    flat = spread <= _FLAT * most**2 * per_event
    error = np.where(flat, most * one_sided_zero(generated.effective), error)
    hz, hz_err = source
    return hz * efficiency, np.hypot(hz * error, hz_err * efficiency)


def _generated(name: str, sums: Sums, sample: Sample) -> _Generated:
    """Return the weights of all generated events, from the sample or from what was seen."""
    if sums.n_events == 0:
        raise InputError("no events", place=name)
    n = sums.n_events if sample.n_generated is None else sample.n_generated
    if n < sums.n_events:
        raise InputError(f"{n} generated, but {sums.n_events} seen", place=name)
    if not sums.weighted:
        return _Generated(float(n), float(n))
    if sample.sum_w is not None and sample.sum_w2 is not None:
        w, w2 = sample.sum_w, sample.sum_w2
    elif n == sums.n_events:
        w, w2 = sums.n_counted + sums.sum_w, sums.n_counted + sums.sum_w2
    else:
        raise InputError("weighted with unseen events: needs sum_w and sum_w2", place=name)
    if not w > 0 or not w2 > 0:
        raise InputError(f"sum of weights must be positive, not {w}", place=name)
    return _Generated(w, w2)
