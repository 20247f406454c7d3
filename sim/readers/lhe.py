"""Les Houches event files (LHE), plain or gzipped, through pylhe.

Format: hep-ph/0609017; particle order, status codes and units: hep-ph/0109068. LHE has no
vertices: a particle with a lifetime (VTIMUP, the proper distance c·tau in mm) flies that far, and
its daughters start where it ends.
"""

from __future__ import annotations

import contextlib
import math
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from firmware_models.errors import InputError
from sim.events import Events
from sim.readers.sample import MM, SPEED_OF_LIGHT, Sample, assemble
from sim.readers.text import clean, open_binary, read_some, shown

INCOMING, FINAL = -1, 1
"""Status codes: incoming particle, final-state particle."""

ELECTRON = 11

_FRACTION = re.compile(
    rb"\n[ \t]*([+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    rb"(?:[ \t]+[0-9.eE+-]+){12}[ \t]*(?=[\r\n])"
)
"""A line of a particle, thirteen numbers, whose code is written with a decimal point."""

_LONGEST_LINE = 10_000


def read(sample: Sample, batch: int) -> Iterator[Events]:
    """Read final-state particles in pieces of `batch` events; see `sim.readers.sample.Reader`.

    Raises
    ------
    InputError
        Names the event (counted from 0), or the line where the XML itself is broken.
    """
    sample.format = "LHE"
    number = 0
    with _Source(sample.path) as source:
        file = _open(source, sample.path)
        _note_header(sample, file.init)
        while events := _take(file.events, batch, number, sample.path):
            if number == 0:
                _note_beams(sample, file.init.initInfo, events[0])
            yield _convert(sample.path, number, events)
            number += len(events)


class _Source:
    """The bytes of the file for the XML parser; read errors become `InputError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream = open_binary(path)
        self._line, self._rest = 1, b""

    def read(self, size: int = -1) -> bytes:
        fresh = read_some(self._stream, size, self._path)
        self._check_codes(fresh)
        return fresh

    def _check_codes(self, fresh: bytes) -> None:
        """Refuse particle codes such as 22.5, of which pylhe would keep the whole part."""
        text = self._rest + fresh
        for found in _FRACTION.finditer(text):
            if not float(found.group(1)).is_integer():
                line = self._line + text.count(b"\n", 0, found.start(1))
                raise InputError(
                    f"a particle code must be a whole number, not {shown(found.group(1))}",
                    place=f"{self._path}: line {line}",
                )
        # The last line may go on in the next bytes.
        keep = text.rfind(b"\n") if fresh else len(text)
        keep = max(keep, len(text) - _LONGEST_LINE, 0)
        self._line += text.count(b"\n", 0, keep)
        self._rest = text[keep:]

    def __enter__(self) -> _Source:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


@contextlib.contextmanager
def _translated(place: Callable[[], str]) -> Iterator[None]:
    """Turn whatever pylhe raises or warns about into an `InputError`.

    pylhe reports broken XML by a warning and then ends as if the file were complete; fields that
    are not numbers surface as the errors of Python's conversions.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    except InputError:
        raise
    except Warning as warning:
        text = clean(str(warning)).removeprefix("Parse Error: ")
        if "no element found" in text or "unclosed token" in text:
            text += ": truncated file? (if the last event is whole, append </LesHouchesEvents>)"
        raise InputError(f"not well-formed LHE: {text}", place=place()) from warning
    except Exception as error:  # any type: it depends on which byte of the file is wrong
        raise InputError(f"not LHE, or damaged: {clean(str(error))}", place=place()) from error


def _open(source: _Source, path: Path) -> Any:
    import pylhe

    with _translated(lambda: f"{path}: header"):
        return pylhe.LHEFile.frombuffer(source, with_attributes=False)


def _take(events: Iterator[Any], batch: int, number: int, path: Path) -> list[Any]:
    """Return up to `batch` further events."""
    taken: list[Any] = []
    with _translated(lambda: f"{path}: event {number + len(taken)}"):
        for event in events:
            taken.append(event)
            if len(taken) == batch:
                break
    return taken


def _note_header(sample: Sample, init: Any) -> None:
    """Keep the summed cross-section of all processes and its error [pb]."""
    processes = init.procInfo
    if processes:
        for process in processes:  # one by one: a sum can hide a negative one
            sample.set_cross_section(process.xSection, process.error)
        sample.set_cross_section(
            float(sum(p.xSection for p in processes)), math.hypot(*(p.error for p in processes))
        )


def _note_beams(sample: Sample, info: Any, event: Any) -> None:
    """Keep the beams: energies from the header, directions from the first event.

    The header has energies only, beam A towards +z and B towards -z; the incoming particles of
    the first event show a crossing angle, but may have lost energy by radiation.
    """
    beams = {}
    for sign, code, energy in ((1.0, info.beamA, info.energyA), (-1.0, info.beamB, info.energyB)):
        direction = (0.0, 0.0, sign)
        for particle in event.particles:
            size = math.hypot(particle.px, particle.py, particle.pz)
            if particle.status == INCOMING and particle.id == code and size > 0.0:
                direction = (particle.px / size, particle.py / size, particle.pz / size)
        # The electron mass is far below the tolerance of the frame check.
        beams[sign] = [*(energy * part for part in direction), energy]
    electron = 1.0 if info.beamA == ELECTRON else -1.0
    sample.beam_codes = (info.beamA, info.beamB) if electron > 0 else (info.beamB, info.beamA)
    sample.beams = np.array([beams[electron], beams[-electron]])


def _convert(path: Path, number: int, events: list[Any]) -> Events:
    counts, codes, momenta, origins = [], [], [], []
    for k, event in enumerate(events, start=number):
        particles = event.particles
        if len(particles) != event.eventinfo.nparticles:
            raise InputError(
                f"announces {event.eventinfo.nparticles} particles and has {len(particles)}",
                place=f"{path}: event {k}",
            )
        final = [p for p in particles if p.status == FINAL]
        counts.append(len(final))
        codes += [p.id for p in final]
        momenta += [(p.px, p.py, p.pz, p.e) for p in final]
        if any(p.lifetime and p.status != FINAL for p in particles):
            origins += [_origin(particles, p, f"{path}: event {k}") for p in final]
        else:
            origins += [(0.0, 0.0, 0.0, 0.0)] * len(final)
    return assemble(
        np.array(counts, np.int64),
        _codes(codes, path, number),
        np.array(momenta, np.float64).reshape(-1, 4),
        np.array(origins, np.float64).reshape(-1, 4),
        np.array([event.eventinfo.weight for event in events]),
    )


def _codes(codes: list[int], path: Path, number: int) -> np.ndarray:
    try:
        return np.array(codes, np.int64)
    except OverflowError as error:
        raise InputError(
            "a particle code has more than 63 bits", place=f"{path}: from event {number} on"
        ) from error


def _origin(particles: list[Any], particle: Any, place: str) -> tuple[float, float, float, float]:
    """Return where and when a particle starts [cm, ns]: the sum of its ancestors' flights.

    Four-displacement of a flight: c·tau · p / m for space, c·tau · E / m for c times time.
    """
    total = np.zeros(4)
    for _ in particles:
        mother = particle.mother1
        if not 0 <= mother <= len(particles):
            raise InputError(
                f"mother {mother} of a particle is not among 1 to {len(particles)}", place=place
            )
        if mother == 0:
            break
        particle = particles[mother - 1]
        if particle.lifetime and particle.status != INCOMING:
            p4 = np.array([particle.px, particle.py, particle.pz, particle.e])
            mass = particle.m if particle.m > 0.0 else math.sqrt(_square(p4))
            if not mass > 0.0:
                raise InputError(
                    f"particle {mother} has c·tau = {particle.lifetime:g} mm but no mass",
                    place=place,
                )
            total += particle.lifetime * MM * p4 / mass
    x, y, z, ct = (float(value) for value in total)
    return x, y, z, ct / SPEED_OF_LIGHT


def _square(p4: np.ndarray) -> float:
    return max(float(p4[3] ** 2 - p4[:3] @ p4[:3]), 0.0)
