"""Noise, threshold, saturation, window and background against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import chi2, kstest

from firmware_models.errors import InputError
from firmware_models.interface.clock import TIME_LSB_NS
from firmware_models.trigger_cells import CellHits, cell_map
from sim.detector.background import WINDOW_NS, deposit_rates, draw_overlay, spectrum
from sim.detector.deposit import Deposits
from sim.detector.digitise import digitise, noise_hits, time_resolution
from sim.detector.ecl import EclConfig, EclResponse
from sim.detector.ecl_config import BackgroundConfig, ElectronicsConfig

LSB = 5.231e-3


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _same(energy: float, n: int, cell: int = 100, time: float = 120.0) -> Deposits:
    """Return n windows with one deposit each."""
    full = np.full(n, 1.0)
    return Deposits(
        np.arange(n + 1), np.full(n, cell), full * energy, full * time, full, np.zeros((n, 6))
    )


def _fire(energy: float, n: int, config: ElectronicsConfig, cell: int = 100) -> CellHits:
    return digitise(_same(energy, n, cell), np.zeros(n, dtype=np.uint8), config, _rng())


def _empty(config: EclConfig, n: int, seed: int = 1) -> CellHits:
    return EclResponse(config).background_events(n, seed, 0)


def test_noise_rate_is_the_normal_tail() -> None:
    config = ElectronicsConfig(noise=8.0)
    n = 4000
    key, amplitude = noise_hits(n, config, _rng())
    p = float(ndtr(-19.0 / 8.0))
    assert len(key) == pytest.approx(n * 576 * p, abs=4.0 * (n * 576 * p * (1 - p)) ** 0.5)
    assert len(np.unique(key)) == len(key)
    assert set(np.unique(key % 577)) == set(range(1, 577))
    assert key.max() < n * 577
    # The amplitudes follow the tail: their probability beyond, over p, is uniform.
    assert kstest(ndtr(-amplitude / 8.0) / p, "uniform").pvalue > 1e-3


def test_default_noise_never_fires() -> None:
    """19 counts are 9.5 standard deviations: 1e-21 a cell."""
    assert len(noise_hits(1_000_000, ElectronicsConfig(), _rng())[0]) == 0


def test_signal_cells_are_not_noised_twice() -> None:
    config = ElectronicsConfig(noise=19.0)
    n = 3000
    hits = _fire(5.0 * LSB, n, config)
    own = (hits.cell == 100).sum()
    p = float(ndtr((5.0 - 19.0) / 19.0))
    assert own == pytest.approx(n * p, abs=4.0 * (n * p * (1 - p)) ** 0.5)
    row = np.repeat(np.arange(n), np.diff(hits.offsets))
    key = row * 577 + hits.cell
    assert (np.diff(key) > 0).all()


@pytest.mark.parametrize("counts", [15.0, 17.0, 18.5, 19.0, 19.5, 21.0, 23.0])
def test_turn_on_is_the_normal_distribution_around_19_counts(counts: float) -> None:
    n = 20_000
    fired = len(_fire(counts * LSB, n, ElectronicsConfig(time_reference=0.0)).cell)
    p = float(ndtr((counts - 19.0) / 2.0))
    assert fired == pytest.approx(n * p, abs=4.0 * (n * p * (1 - p)) ** 0.5)


def test_without_noise_the_threshold_is_strict() -> None:
    config = ElectronicsConfig(noise=0.0)
    assert len(_fire(19.0 * LSB, 1, config).cell) == 0
    assert _fire(19.01 * LSB, 1, config).energy.tolist() == [19]


@pytest.mark.parametrize(("energy", "count"), [(0.2, 38), (1.0, 191), (7.0, 1338), (30.0, 4095)])
def test_counts_are_rounded_and_saturate(energy: float, count: int) -> None:
    assert _fire(energy, 1, ElectronicsConfig(noise=0.0)).energy.tolist() == [count]


def test_own_threshold_of_a_cell() -> None:
    config = ElectronicsConfig(noise=0.0, thresholds=((100, 40.0),))
    assert len(_fire(39.9 * LSB, 1, config).cell) == 0
    assert len(_fire(40.1 * LSB, 1, config).cell) == 1
    assert len(_fire(39.9 * LSB, 1, config, cell=101).cell) == 1


@pytest.mark.parametrize(
    ("energy", "sigma"), [(0.1, 25.0), (0.2, 16.494), (1.0, 6.280), (3.5, 3.0), (7.0, 3.0)]
)
def test_time_resolution_is_the_working_model(energy: float, sigma: float) -> None:
    config = ElectronicsConfig()
    resolution = time_resolution(np.array([energy]), config)
    assert resolution == pytest.approx([sigma], abs=1e-3)
    time = _fire(energy, 30_000, config).time.astype(float) * TIME_LSB_NS
    # Flooring takes half a count off and adds 1/12 count² of variance.
    assert time.mean() == pytest.approx(120.0 - 0.5 * TIME_LSB_NS, abs=4 * sigma / 30_000**0.5)
    if energy > 0.1:
        assert time.std() == pytest.approx((sigma**2 + TIME_LSB_NS**2 / 12) ** 0.5, rel=0.02)


@pytest.mark.parametrize(
    ("time", "counts"), [(-0.01, []), (0.01, [0]), (251.5, [255]), (251.6, []), (125.78, [128])]
)
def test_window_is_two_data_clocks(time: float, counts: list[int]) -> None:
    config = ElectronicsConfig(noise=0.0, time_floor=0.0, time_reference=0.0)
    hits = digitise(_same(1.0, 1, time=time), np.zeros(1, dtype=np.uint8), config, _rng())
    assert hits.time.tolist() == counts


@pytest.mark.parametrize("mean", [0.05, 0.5, 3.0])
def test_background_occupancy_is_the_configured(mean: float) -> None:
    n = 40_000
    hits = _empty(EclConfig(background=BackgroundConfig(cells_per_window=mean)), n)
    # A second, soft deposit in the same cell may add up: below a part in a hundred here.
    error = 4.0 * (mean / n) ** 0.5
    assert len(hits.cell) / n == pytest.approx(mean, abs=error + 0.01 * mean * mean)


def test_background_level_scales_and_zero_is_none() -> None:
    n = 20_000
    found = [
        len(_empty(EclConfig(background=BackgroundConfig(level=level)), n).cell) / n
        for level in (0.0, 1.0, 2.0, 5.0)
    ]
    assert found[0] == 0.0
    for level, mean in zip((1.0, 2.0, 5.0), found[1:], strict=True):
        assert mean == pytest.approx(0.1 * level, abs=4 * (0.1 * level / n) ** 0.5)


def test_background_follows_the_rings_and_is_flat_in_time() -> None:
    config = EclConfig(background=BackgroundConfig(cells_per_window=2.0))
    n = 30_000
    hits = _empty(config, n)
    theta_id = cell_map().theta_id
    per_ring = np.bincount(theta_id[hits.cell], minlength=18)[1:]
    weight = np.array(config.background.ring_weights) * np.bincount(theta_id[1:])[1:]
    expected = len(hits.cell) * weight / weight.sum()
    assert ((per_ring - expected) ** 2 / expected).sum() < chi2.ppf(0.999, 16)
    in_time = np.bincount(hits.time, minlength=256)
    flat = len(hits.cell) / 256
    assert ((in_time - flat) ** 2 / flat).sum() < chi2.ppf(0.999, 255)
    assert np.bincount(hits.frame, minlength=80).min() > 0
    assert hits.frame.max() == 79


def test_raised_threshold_lowers_the_background() -> None:
    """The rate is stated at 19 counts: exp(-(39 - 19) 5.231 / 60) of it passes 39."""
    electronics = ElectronicsConfig(threshold=39.0)
    config = EclConfig(electronics=electronics, background=BackgroundConfig(cells_per_window=1.0))
    n = 40_000
    expected = np.exp(-20.0 * 5.231 / 60.0)
    found = len(_empty(config, n).cell) / n
    assert found == pytest.approx(expected, abs=4 * (expected / n) ** 0.5 + 0.005)


@pytest.mark.parametrize(
    "config",
    [
        BackgroundConfig(highest=400.0),
        BackgroundConfig(spectrum="power", power=2.5),
        BackgroundConfig(spectrum="power", power=1.0),
    ],
)
def test_spectrum_is_the_inverse_of_its_distribution(config: BackgroundConfig) -> None:
    u = np.linspace(0.0, 1.0, 2001)
    energy = spectrum(config, np.minimum(u, 1 - 1e-12)) * 1e3
    assert energy[0] == pytest.approx(config.lowest)
    assert energy[-1] == pytest.approx(config.highest, rel=1e-3)
    # dE/du is the inverse of the density, up to one factor.
    middle = 0.5 * (energy[1:] + energy[:-1])
    if config.spectrum == "exponential":
        shape = np.exp(-middle / config.slope)
    else:
        shape = middle**-config.power
    product = (np.diff(energy) * shape)[:1800]
    assert product == pytest.approx(np.full(1800, np.median(product)), rel=0.01)


def test_overlay_has_the_rates() -> None:
    config = EclConfig(background=BackgroundConfig(cells_per_window=20.0))
    rates = deposit_rates(config)
    assert rates[0] == 0.0
    overlay = draw_overlay(config, rates, 10_000, _rng())
    assert len(overlay.cell) / 10_000 == pytest.approx(
        rates.sum(), abs=4 * (rates.sum() / 1e4) ** 0.5
    )
    assert overlay.cell.min() >= 1
    assert (overlay.time < WINDOW_NS).all()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"electronics": {"nois": 1}}, r"^s\.toml: ecl\.electronics: unknown parameter 'nois' "
         r"\(nearest: 'noise'\)"),
        ({"elektronics": {}}, r"^s\.toml: ecl: unknown parameter .*nearest: 'electronics'"),
        ({"electronics": {"noise": -1}}, r"^s\.toml: ecl\.electronics\.noise: given -1; allowed: a "
         r"number from 0 to 100"),
        ({"electronics": {"noise": True}}, r"ecl\.electronics\.noise: given True"),
        ({"electronics": {"noise": "2"}}, r"ecl\.electronics\.noise: given '2'"),
        ({"electronics": {"noise": float("nan")}}, r"ecl\.electronics\.noise: given nan"),
        ({"electronics": 3}, r"ecl\.electronics: given 3; allowed: a table"),
        ({"electronics": {"thresholds": {"577": 20}}}, r"ecl\.electronics\.thresholds\.577: given "
         r"cell 577; allowed: 1 to 576"),
        ({"electronics": {"thresholds": {"x": 20}}}, r"thresholds\.x: given cell 'x'"),
        ({"electronics": {"thresholds": {"5": -3}}}, r"thresholds\.5: given -3"),
        ({"electronics": {"thresholds": [19]}}, r"thresholds: given \[19\]; allowed: a table"),
        ({"background": {"spectrum": "exponentail"}}, r"ecl\.background\.spectrum: unknown spectrum"
         r" 'exponentail' \(nearest: 'exponential'\)"),
        ({"background": {"lowest": 50, "highest": 40}}, r"^s\.toml: ecl\.background\.highest: given"
         r" 40\.0; allowed: more than"),
        ({"background": {"ring_weights": [1, 2]}}, r"ring_weights: given \(1, 2\); allowed: 17"),
        ({"background": {"ring_weights": 3}}, r"ring_weights: given 3; allowed: 17"),
        ({"background": {"ring_weights": [0] * 17}}, r"ring_weights: given only zeros"),
        ({"background": {"ring_weights": [-1] * 17}}, r"ring_weights\[0\]: given -1"),
        ({"hadron": {"visible_rms": 0.4, "visible_mean": 0.1}}, r"ecl\.hadron\.visible_rms: given "
         r"0\.4; allowed: less than 0\.300"),
        ({"invisible": ["x"]}, r"ecl\.invisible: given 'x'; allowed: whole numbers"),
        ({"invisible": 5}, r"ecl\.invisible: given 5; allowed: a list"),
    ],
)  # fmt: skip
def test_bad_configuration_says_where_and_what(table: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        EclConfig.from_mapping(table, "s.toml: ecl")


def test_direct_construction_checks_alike() -> None:
    with pytest.raises(InputError, match=r"ElectronicsConfig\.noise: given -1"):
        ElectronicsConfig(noise=-1)


def test_good_configuration_is_read() -> None:
    config = EclConfig.from_mapping(
        {
            "electronics": {"threshold": 25, "thresholds": {"7": 40}},
            "background": {"level": 2, "spectrum": "power", "ring_weights": [1] * 17},
            "invisible": [4900022],
        },
        "s.toml: ecl",
    )
    thresholds = config.electronics.cell_thresholds()
    assert (thresholds[7], thresholds[8]) == (40.0, 25.0)
    assert config.background.level == 2.0
    assert config.invisible == (4900022,)
    assert EclConfig.from_mapping({}) == EclConfig()
