"""From a number of events to a cross-section, and from a cross-section to a coupling."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from firmware_models.errors import InputError
from trigger.statistics.checks import FloatArray, checked_counts


def sigma_limit_fb(
    signal_limit: ArrayLike,
    *,
    luminosity_inv_fb: ArrayLike,
    trigger_efficiency: ArrayLike,
    offline_efficiency: ArrayLike,
) -> FloatArray:
    """Return the limit on the cross-section, N / (L eps_trigger eps_offline), in fb.

    Parameters
    ----------
    signal_limit : array_like
        Limit on the number of signal events.
    luminosity_inv_fb : array_like
        Integrated luminosity in fb^-1, above 0.
    trigger_efficiency, offline_efficiency : array_like
        Between 0 and 1: of the events of the cross-section those that pass the trigger, and of
        these those that pass the selection. Shapes broadcast.

    Returns
    -------
    ndarray of float64
        Infinite where an efficiency is 0.

    Raises
    ------
    InputError
    """
    luminosity = checked_counts(luminosity_inv_fb, "luminosity")
    if not (luminosity > 0).all():
        raise InputError("luminosity must be above 0 fb^-1")
    trigger = _efficiency(trigger_efficiency, "trigger efficiency")
    offline = _efficiency(offline_efficiency, "offline efficiency")
    events = np.asarray(signal_limit, dtype=np.float64)
    if np.isnan(events).any() or (events < 0).any():
        raise InputError("the limit on the number of events must be at least 0 and not NaN")
    events, reach = np.broadcast_arrays(events, luminosity * trigger * offline)
    sigma: FloatArray = np.divide(events, reach, out=np.full(events.shape, np.inf), where=reach > 0)
    return sigma


def coupling_limit(
    sigma_limit_fb: ArrayLike,
    *,
    sigma_reference_fb: ArrayLike,
    coupling_reference: float,
    power: float = 2.0,
) -> FloatArray:
    """Return the limit on a coupling g from sigma = sigma_reference (g / g_reference)**power.

    Parameters
    ----------
    sigma_limit_fb : array_like
        Limit on the cross-section in fb.
    sigma_reference_fb : array_like
        Cross-section in fb at the reference coupling, for the same definition of events.
    coupling_reference : float
        In the unit that the result shall have.
    power : float
        2 for the production of one weakly coupled particle; 4 where the coupling also sets the
        fraction of decays seen.

    Returns
    -------
    ndarray of float64
        Infinite where the reference cross-section is 0 (closed by kinematics).

    Raises
    ------
    InputError
    """
    if not (math.isfinite(coupling_reference) and coupling_reference > 0):
        raise InputError(f"the reference coupling must be above 0, not {coupling_reference}")
    if not (math.isfinite(power) and power > 0):
        raise InputError(f"the power of the coupling must be above 0, not {power}")
    reference = checked_counts(sigma_reference_fb, "reference cross-section")
    limit = np.asarray(sigma_limit_fb, dtype=np.float64)
    if np.isnan(limit).any() or (limit < 0).any():
        raise InputError("the limit on the cross-section must be at least 0 and not NaN")
    limit, reference = np.broadcast_arrays(limit, reference)
    ratio = np.divide(limit, reference, out=np.full(limit.shape, np.inf), where=reference > 0)
    coupling: FloatArray = coupling_reference * ratio ** (1 / power)
    return coupling


def _efficiency(values: ArrayLike, name: str) -> FloatArray:
    efficiency = checked_counts(values, name)
    if (efficiency > 1).any():
        raise InputError(f"{name} must lie between 0 and 1, not {efficiency.max():g}")
    return efficiency
