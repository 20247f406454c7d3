"""Particles through calorimeter, coil and yoke, compiled.

Within the calorimeter's inner surface and on to the coil a charged particle's helix has the
momentum that is left; behind the coil it goes straight: bending in the yoke is neglected. Material
acts in steps, each at its end: mean energy loss, Highland's angle, interaction, decay.
"""

from __future__ import annotations

from math import hypot, inf, log, log2, sqrt

import numpy as np
from numpy.typing import NDArray

from firmware_models.interface.klm import N_LAYER, N_SECTOR
from firmware_models.kernels import njit
from sim.detector.cdc.helix import radius_of
from sim.detector.geometry import BARREL_RADIUS, HIT, HOLE, MAX_PATH, MISSED, OUTSIDE, to_surface
from sim.detector.klm.layers import (
    CENTRE_Z,
    COIL_RADIUS,
    ENDCAP_IN,
    ENDCAP_OUT,
    HALF_LENGTH,
    IRON_IN,
    IRON_OUT,
    N_BACKWARD,
    N_FORWARD,
    PITCH,
    PLATE,
    Layers,
)
from sim.detector.klm.material import AL, CSI, DENSITY, FE
from sim.detector.klm.passage import (
    BACK,
    CROSSED,
    END,
    LEFT,
    LOST,
    N_COLUMN,
    STOPPED,
    Medium,
    State,
    Tracks,
    aged,
    scattered,
    strike,
    through,
)
from sim.detector.klm.path import arc_to_cylinder, onward, sideways, steepness, to_octagon
from sim.detector.particles import Kind

_MUON, _CHARGED, _NEUTRAL = int(Kind.MUON), int(Kind.CHARGED_HADRON), int(Kind.NEUTRAL_HADRON)
_DENSITY = np.array(DENSITY)


@njit(error_model="numpy")
def follow(
    i: int,
    tracks: Tracks,
    layers: Layers,
    medium: Medium,
    rng: np.random.Generator,
    dice: np.random.Generator,
    masks: NDArray[np.uint64],
    out: NDArray[np.float64],
) -> None:
    """Follow one particle and set the planes that it fires.

    Parameters
    ----------
    i : int
        The particle.
    tracks, layers, medium
        Input, see the classes.
    rng, dice : numpy.random.Generator
        Source of what happens to the particle; of the planes' efficiency.
    masks : ndarray of uint64, shape (24,)
        The event's masks, changed in place.
    out : ndarray of float64, shape (N_COLUMN,)
        What became of the particle: columns `END` to `IRON`, zeros at first.
    """
    kind, charge, mass = tracks.kind[i], tracks.charge[i], tracks.mass[i]
    if kind != _MUON and kind != _CHARGED and kind != _NEUTRAL:
        return
    px, py, pz = tracks.p4[i, 0], tracks.p4[i, 1], tracks.p4[i, 2]
    x, y, z = tracks.vertex[i, 0], tracks.vertex[i, 1], tracks.vertex[i, 2]
    p = sqrt(px * px + py * py + pz * pz)
    out[END] = LOST
    if p <= 0.0 or mass <= 0.0:
        return
    first, last = inf, inf
    if kind != _MUON:
        first = -log(1.0 - rng.random())
        mean = medium.tail * log2(1.0 + sqrt(p * p + mass * mass) - mass)
        last = first - mean * log(1.0 - rng.random())
    fraction, life = tracks.muon_fraction[i], inf
    if tracks.decay_length[i] > 0.0:
        life = -log(1.0 - rng.random()) * tracks.decay_length[i] * p / mass
    state = State(p, mass, charge, 0.0, first, last, True)
    sign = 0.0 if charge == 0.0 else (1.0 if charge > 0.0 else -1.0)

    # Inside the calorimeter.
    end, ex, ey, ez, dx, dy, dz, way = to_surface(x, y, z, px, py, pz, charge)
    if end == OUTSIDE:
        return
    if life < (MAX_PATH if end == MISSED else way):
        pt = max(hypot(px, py), 1e-12 * p)
        radius = radius_of(pt, charge)
        x, y, ux, uy = onward(x, y, px / pt, py / pt, radius, sign, life * pt / p)
        z += life * pz / p
        state, life = aged(state, life, life, fraction, rng)
        if not state.alive:
            out[END] = STOPPED
            return
        scale = state.p / p
        px, py, pz = ux * pt * scale, uy * pt * scale, pz * scale
        end, ex, ey, ez, dx, dy, dz, way = to_surface(x, y, z, px, py, pz, charge)
    if end in (HOLE, OUTSIDE):
        return
    if end == MISSED:
        out[END] = BACK
        return
    x, y, z = ex, ey, ez
    barrel = hypot(x, y) > BARREL_RADIUS - 1e-6

    # Crystals point at the collision: only a particle off that direction has a longer way.
    if end == HIT and medium.crystal > 0.0:
        length = medium.crystal / max(steepness(x, y, z, dx, dy, dz), 0.3)
        grams = length * _DENSITY[CSI]
        before = state.p
        state = through(state, CSI, grams, medium, out)
        if not state.alive:
            out[END] = STOPPED
            return
        side = max(hypot(dx, dy), 1e-12)
        radius = radius_of(0.5 * (before + state.p) * side, charge)
        x, y, ux, uy = onward(x, y, dx / side, dy / side, radius, sign, length * side)
        dx, dy, z = ux * side, uy * side, z + length * dz
        way += length
        dx, dy, dz = scattered(state, CSI, grams, dx, dy, dz, medium, rng)
        state, life = aged(state, way, life, fraction, rng)
        if not state.alive:
            out[END] = STOPPED
            return

    # To the coil, or to the front of an endcap.
    side = max(hypot(dx, dy), 1e-12)
    radius = radius_of(state.p * side, charge)
    to_coil, to_plane = inf, inf
    r = hypot(x, y)
    in_front = abs(z - CENTRE_Z) < HALF_LENGTH
    if not in_front or r >= COIL_RADIUS:
        to_coil = 0.0
    else:
        to_coil = arc_to_cylinder(x, y, dx / side, dy / side, radius, sign, COIL_RADIUS)
        if dz != 0.0:
            face = CENTRE_Z + (HALF_LENGTH if dz > 0.0 else -HALF_LENGTH)
            to_plane = max((face - z) / dz * side, 0.0)
    inwards = x * dx + y * dy < 0.0
    if min(to_coil, to_plane) == inf or (barrel and (inwards or to_coil == inf)):
        out[END] = BACK
        return
    arc = min(to_coil, to_plane)
    x, y, ux, uy = onward(x, y, dx / side, dy / side, radius, sign, arc)
    dx, dy, z = ux * side, uy * side, z + arc / side * dz
    way += arc / side
    if to_coil <= to_plane and in_front:
        r = hypot(x, y)
        grams = medium.coil / max((x * dx + y * dy) / r, 0.1)
        state = through(state, AL, grams, medium, out)
        dx, dy, dz = scattered(state, AL, grams, dx, dy, dz, medium, rng)
        state, life = aged(state, way, life, fraction, rng)
        if not state.alive:
            out[END] = STOPPED
            return

    # Barrel: straight from layer to layer, until it ends in z.
    in_yoke = False
    layer = 0
    while layer < N_LAYER and abs(z - CENTRE_Z) < HALF_LENGTH:
        step, face_number = to_octagon(x, y, dx, dy, layers.apothem[layer])
        if abs(z + step * dz - CENTRE_Z) >= HALF_LENGTH:
            break
        grams = 0.0
        if layer > 0:
            pitch = layers.apothem[layer] - layers.apothem[layer - 1]
            grams = step * PLATE / pitch * _DENSITY[FE]
        state = through(state, FE, grams, medium, out)
        x, y, z, way = x + step * dx, y + step * dy, z + step * dz, way + step
        state, life = aged(state, way, life, fraction, rng)
        if not state.alive:
            out[END] = STOPPED
            return
        in_yoke = True
        out[CROSSED] += 1.0
        beside = abs(z - CENTRE_Z)
        across = abs(sideways(x, y, face_number))
        if across < layers.half_width[layer] and layers.z_least < beside < layers.z_most:
            sector = face_number if z > CENTRE_Z else face_number + 8
            strike(state, sector, layer, medium, dice, masks)
        dx, dy, dz = scattered(state, FE, grams, dx, dy, dz, medium, rng)
        layer += 1
    if layer == N_LAYER or dz == 0.0:
        out[END] = LEFT
        return

    # Endcap: first to its front, then from plane to plane.
    forward = dz > 0.0
    toward = 1.0 if forward else -1.0
    missing = HALF_LENGTH - toward * (z - CENTRE_Z)
    if missing > 0.0:
        step = missing / abs(dz)
        if in_yoke:
            state = through(state, FE, step * PLATE / PITCH * _DENSITY[FE], medium, out)
            if not state.alive:
                out[END] = STOPPED
                return
        x, y, z, way = x + step * dx, y + step * dy, z + step * dz, way + step
    for layer in range(N_FORWARD if forward else N_BACKWARD):
        step = (layers.depth[layer] - toward * (z - CENTRE_Z)) / abs(dz)
        x, y, z, way = x + step * dx, y + step * dy, z + step * dz, way + step
        r = hypot(x, y)
        if r > IRON_OUT or dz * toward <= 0.0:
            break
        if r < IRON_IN:
            continue
        grams = PLATE / abs(dz) * _DENSITY[FE]
        state = through(state, FE, grams, medium, out)
        state, life = aged(state, way, life, fraction, rng)
        if not state.alive:
            out[END] = STOPPED
            return
        out[CROSSED] += 1.0
        if ENDCAP_IN < r < ENDCAP_OUT and min(abs(x), abs(y)) > layers.edge:
            quadrant = (0 if x > 0.0 else 1) if y > 0.0 else (2 if x < 0.0 else 3)
            sector = (16 if forward else 20) + quadrant
            strike(state, sector, layer, medium, dice, masks)
        dx, dy, dz = scattered(state, FE, grams, dx, dy, dz, medium, rng)
    out[END] = LEFT


@njit()
def follow_all(
    offsets: NDArray[np.int64],
    tracks: Tracks,
    layers: Layers,
    medium: Medium,
    rng: np.random.Generator,
    dice: np.random.Generator,
) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    """Follow all particles of all events.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Particles of the events.
    tracks, layers, medium, rng, dice
        As for `follow`.

    Returns
    -------
    masks : ndarray of uint64, shape (n, 24)
        Planes that fired.
    fates : ndarray of float64, shape (n_particle, N_COLUMN)
        What became of each particle.
    """
    n = len(offsets) - 1
    masks = np.zeros((n, N_SECTOR), dtype=np.uint64)
    fates = np.zeros((offsets[n], N_COLUMN))
    for event in range(n):
        for i in range(offsets[event], offsets[event + 1]):
            follow(i, tracks, layers, medium, rng, dice, masks[event], fates[i])
    return masks, fates
