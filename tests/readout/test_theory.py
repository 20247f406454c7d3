"""Dead-time theory: printed values, direct solutions of the full chains, identities and limits."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import solve
from scipy.sparse import coo_array, eye_array
from scipy.sparse.linalg import spsolve
from scipy.stats import poisson

from firmware_models.errors import InputError
from firmware_models.interface.clock import SYSTEM_CLOCK_MHZ
from sim.readout.theory import dead_time as dt
from sim.readout.theory import erlang as er
from sim.readout.theory import fixed_service as fs
from sim.readout.theory import tandem as ta

SPACING_S = 188.647e-9

# M/D/1/K losses to ten digits, by the embedded chain and by Brun and Garcia's formula; computed
# for the notes that the readout rests on, independently of this code.
MD1K_DEPTHS = (1, 2, 3, 5, 8, 10, 16)
MD1K_TABLE = {
    0.3: (".2307692308", ".0392174348", ".0056044617", "9.32441e-5",
          "1.90e-7", "3.1e-9", "0e-9"),
    0.5: (".3333333333", ".0962744762", ".0272421556", ".0021759626",
          "5.00683e-5", "4.0572e-6", "2.2e-9"),
    0.7: (".4117647059", ".1642885828", ".0723475561", ".0167068673",
          ".0021298208", "5.495912e-4", "9.5361e-6"),
    0.8: (".4444444444", ".1995703064", ".1032989898", ".0352903964",
          ".0087895090", ".0036392311", "2.707253e-4"),
    0.9: (".4736842105", ".2346370570", ".1384419532", ".0643618972",
          ".0272635954", ".0166317478", ".0043372404"),
    1.0: (".5000000000", ".2689414214", ".1763427624", ".1034489413",
          ".0638297868", ".0508474576", ".0315789474"),
    1.2: (".5454545455", ".3338636720", ".2548795551", ".1991466933",
          ".1759425920", ".1709107685", ".1671002612"),
}  # fmt: skip


def assert_printed(value: float, printed: str) -> None:
    """Compare with a printed value: at most half a unit of its last digit away."""
    exponent = Decimal(printed).as_tuple().exponent
    assert isinstance(exponent, int)
    assert abs(value - float(printed)) <= 0.5000001 * 10.0**exponent, (value, printed)


# ---- printed values ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("khz", "percent"),
    [(5, ".09423"), (10, ".18829"), (15, ".28217"), (20, ".37588"), (30, ".56276")],
)
def test_nonparalysable_printed(khz: float, percent: str) -> None:
    assert_printed(100 * dt.nonparalysable_loss(khz * 1e3 * SPACING_S), percent)


def test_other_printed_dead_times() -> None:
    assert_printed(100 * dt.paralysable_loss(30e3 * SPACING_S), ".56434")
    assert_printed(100 * dt.clocked_loss(0.030 / SYSTEM_CLOCK_MHZ, 24), ".53943")
    # Printed for a load of .792333, which gives 8.6170. It is that of 3360 ticks at 30 kHz.
    load = 0.030 * 3360 / SYSTEM_CLOCK_MHZ
    assert_printed(load, ".792317")
    assert_printed(100 * er.mm1k_loss(load, 5), "8.6165")


@pytest.mark.parametrize("load", MD1K_TABLE)
def test_md1k_printed(load: float) -> None:
    for depth, printed in zip(MD1K_DEPTHS, MD1K_TABLE[load], strict=True):
        assert_printed(fs.md1k_loss(load, depth), printed)


@pytest.mark.parametrize(
    ("khz", "percent"), [(10, "0.0043"), (20, "0.306"), (30, "3.350"), (40, "12.89")]
)
def test_apv25_as_md1k_printed(khz: float, percent: str) -> None:
    """Five six-sample events of 26.41 µs: the event-wise APV25 FIFO of the readout notes."""
    assert_printed(100 * fs.md1k_loss(khz * 1e-3 * 26.41, 5), percent)


@pytest.mark.parametrize(
    ("load", "servers", "printed"),
    [
        (10, 10, ".21458234"), (6000, 6000, ".01023"), (6000, 6240, "4.43e-5"),
        # Published Erlang B tables (ITU-D Teletraffic Engineering Handbook): 1 % and 2 % blocking.
        (4.461, 10, "0.0100"), (12.03, 20, "0.0100"), (84.06, 100, "0.0100"),
        (5.084, 10, "0.0200"), (13.18, 20, "0.0200"), (87.97, 100, "0.0200"),
    ],
)  # fmt: skip
def test_erlang_b_printed(load: float, servers: int, printed: str) -> None:
    assert_printed(er.erlang_b(load, servers), printed)


def test_erlang_c_printed() -> None:
    assert_printed(er.erlang_c(8, 10), ".40918")
    assert_printed(er.erlang_c(6000, 6240), "1.15e-3")


@pytest.mark.parametrize(
    ("hz", "full_ms", "until_ms", "gate_us", "percent"),
    [
        (12.5, 0.15, 0, 0, "0.19"), (12.5, 0.5, 0, 0, "0.62"), (12.5, 1, 0, 0, "1.25"),
        (12.5, 0.5, 10, 0.5, "1.2"), (12.5, 0.5, 10, 2, "3.0"),
        (12.5, 0.5, 20, 0.5, "1.8"), (12.5, 0.5, 20, 2, "5.5"),
        (25, 0.15, 0, 0, "0.38"), (25, 0.5, 0, 0, "1.25"), (25, 1, 0, 0, "2.5"),
        (25, 0.5, 10, 0.5, "2.4"), (25, 0.5, 10, 2, "6.0"),
        (25, 0.5, 20, 0.5, "3.7"), (25, 0.5, 20, 2, "10.9"),
        (50, 0.15, 0, 0, "0.75"), (50, 0.5, 0, 0, "2.5"), (50, 1, 0, 0, "5.0"),
        (50, 0.5, 10, 0.5, "4.9"), (50, 0.5, 10, 2, "11.9"),
        (50, 0.5, 20, 0.5, "7.3"), (50, 0.5, 20, 2, "21.9"),
    ],
)  # fmt: skip
def test_veto_fraction_printed(
    hz: float, full_ms: float, until_ms: float, gate_us: float, percent: str
) -> None:
    """Gated from the end of the full veto until a time after the kick, 10.0612 µs a turn."""
    turns = round((until_ms - full_ms) * 1e3 / 10.0612) if until_ms else 0
    fraction = dt.veto_fraction(hz, full_ms * 1e-3, turns, gate_us * 1e-6)
    assert_printed(100 * fraction, percent)


def test_svd_printed() -> None:
    assert_printed(dt.svd_saturation_khz(6), "37.9")
    assert_printed(dt.svd_saturation_khz(3), "75.7")
    assert_printed(1e3 / dt.svd_saturation_khz(1), "4.402")
    assert_printed(1e3 / dt.svd_saturation_khz(6), "26.41")


def test_busy_headroom_printed() -> None:
    assert dt.busy_headroom(1000, 188.65) == 6
    assert dt.busy_headroom(2000, 188.65) == 11


# ---- direct solutions of the full chains ------------------------------------------------------


def stationary(matrix: np.ndarray) -> np.ndarray:
    """Return the distribution that a transition matrix (rows sum to 1) leaves alone."""
    balance = (matrix - np.eye(len(matrix))).T
    balance[0] = 1.0
    return np.asarray(solve(balance, np.eye(len(matrix))[0]))


@pytest.mark.parametrize(("servers", "depth"), [(1, 1), (1, 7), (3, 3), (4, 11), (30, 45)])
@pytest.mark.parametrize("load", [0.2, 1.0, 3.7, 25.0])
def test_mmck_against_generator(load: float, servers: int, depth: int) -> None:
    generator = np.zeros((depth + 1, depth + 1))
    for n in range(depth):
        generator[n, n + 1] = load
        generator[n + 1, n] = min(n + 1, servers)
    generator -= np.diag(generator.sum(axis=1))
    rate = -generator.min()
    direct = stationary(np.eye(depth + 1) + generator / rate)
    np.testing.assert_allclose(er.mmck_occupancy(load, servers, depth), direct, rtol=0, atol=1e-9)
    assert er.mmck_loss(load, servers, depth) == pytest.approx(direct[-1], abs=1e-9)
    waiting = sum((n - servers) * direct[n] for n in range(servers, depth + 1))
    wait = er.mmck_mean_wait(load, servers, depth)
    assert wait == pytest.approx(waiting / load / (1 - direct[-1]), abs=1e-9)


@pytest.mark.parametrize("load", [0.05, 0.3, 0.8, 1.0, 1.2, 4.0])
@pytest.mark.parametrize("depth", [1, 2, 3, 5, 10, 16])
def test_md1k_against_transition_matrix(load: float, depth: int) -> None:
    matrix = np.zeros((depth, depth))
    for left in range(depth):
        for arrivals in range(200):
            after = min(max(left - 1, 0) + arrivals, depth - 1)
            matrix[left, after] += poisson.pmf(arrivals, load)
    direct = stationary(matrix)
    loss = 1 - 1 / (direct[0] + load)
    assert fs.md1k_loss(load, depth) == pytest.approx(loss, abs=1e-9)
    np.testing.assert_allclose(
        fs.md1k_occupancy(load, depth), [*(direct * (1 - loss)), loss], rtol=0, atol=1e-9
    )


def tick_chain(
    start: tuple[int, ...], step: dict[tuple[int, ...], list[tuple[tuple[int, ...], float]]]
) -> dict[tuple[int, ...], float]:
    """Return the stationary distribution of a chain given as its transitions."""
    index = {state: i for i, state in enumerate(step)}
    rows, columns, values = [], [], []
    for state, targets in step.items():
        for target, probability in targets:
            rows.append(index[target])
            columns.append(index[state])
            values.append(probability)
    n = len(index)
    balance = (coo_array((values, (rows, columns)), shape=(n, n)) - eye_array(n)).tolil()
    balance[index[start], :] = 1.0
    right = np.zeros(n)
    right[index[start]] = 1.0
    solution = spsolve(balance.tocsc(), right)
    return {state: float(solution[i]) for state, i in index.items()}


def geod1k_ticks(p: float, ticks: int, depth: int) -> np.ndarray:
    """Return what candidates find, from the chain (number inside, ticks left), tick by tick."""

    def after(n: int, left: int) -> tuple[int, int]:
        if n == 0 or left > 1:
            return (n, left - 1 if n else 0)
        return (n - 1, ticks if n > 1 else 0)

    states = [(0, 0), *itertools.product(range(1, depth + 1), range(1, ticks + 1))]
    step = {}
    for n, left in states:
        entered = (min(n + 1, depth), left if n else ticks)
        step[(n, left)] = [(after(n, left), 1 - p), (after(*entered), p)]
    seen = np.zeros(depth + 1)
    for (n, _), probability in tick_chain((0, 0), step).items():
        seen[n] += probability
    return seen


@pytest.mark.parametrize(
    ("p", "ticks", "depth"),
    [
        (0.3, 1, 1),
        (0.3, 1, 3),
        (0.05, 7, 1),
        (0.1, 9, 2),
        (0.02, 40, 5),
        (0.06, 25, 4),
        (0.5, 6, 3),
    ],
)
def test_geod1k_against_ticks(p: float, ticks: int, depth: int) -> None:
    direct = geod1k_ticks(p, ticks, depth)
    np.testing.assert_allclose(fs.geod1k_seen(p, ticks, depth), direct, rtol=0, atol=1e-9)
    assert fs.geod1k_loss(p, ticks, depth) == pytest.approx(direct[-1], abs=1e-9)
    # Work enters at the rate of accepts, and the server does a tick of it in every tick.
    busy = p * ticks * (1 - direct[-1])
    assert 1 - fs.geod1k_occupancy(p, ticks, depth)[0] == pytest.approx(busy, abs=1e-9)


def test_md1k_is_the_limit_of_ticks() -> None:
    """Continuous time from ticks alone, without an embedded chain: errors in 1/S and 1/S²."""
    load, depth = 0.8, 3
    a, b, c = (geod1k_ticks(load / s, s, depth)[-1] for s in (40, 80, 160))
    limit = (8 * c - 6 * b + a) / 3
    assert fs.md1k_loss(load, depth) == pytest.approx(limit, abs=2e-6)


def window_ticks(p: float, ticks: int) -> float:
    """Return the loss of at most two accepts in `ticks`, from the chain of times since accepts."""

    def after(left: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(t - 1 for t in left if t > 1)

    states = [(), *((a,) for a in range(1, ticks))]
    states += [(a, b) for a in range(1, ticks) for b in range(a + 1, ticks)]
    step = {
        s: [(after(s), 1 - p), (after((*s, ticks) if len(s) < 2 else s), p)] for s in states
    }  # fmt: skip
    found = tick_chain((), step)
    return sum(probability for s, probability in found.items() if len(s) == 2)


def test_window_is_erlang_b() -> None:
    load = 0.9
    a, b, c = (window_ticks(load / n, n) for n in (15, 30, 60))
    assert dt.window_loss(load, 2) == pytest.approx((8 * c - 6 * b + a) / 3, abs=3e-5)


@pytest.mark.parametrize(("p", "ticks", "size"), [(0.1, 8, 1), (0.1, 8, 3), (0.04, 30, 2)])
def test_free_bucket_against_ticks(p: float, ticks: int, size: int) -> None:
    """The chain (tokens missing, ticks to the beat), tick by tick."""

    def after(missing: int, left: int) -> tuple[int, int]:
        return (missing, left - 1) if left > 1 else (max(missing - 1, 0), ticks)

    step = {
        (m, left): [(after(m, left), 1 - p), (after(min(m + 1, size), left), p)]
        for m, left in itertools.product(range(size + 1), range(1, ticks + 1))
    }
    loss = sum(q for (m, _), q in tick_chain((0, ticks), step).items() if m == size)
    assert fs.clocked_free_bucket_loss(p, ticks, size) == pytest.approx(loss, abs=1e-9)


# ---- agreement of derivations, identities, limits ---------------------------------------------


def test_md1k_closed_form_agrees_wherever_it_answers() -> None:
    answered = 0
    for load in (0.0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 5.0, 50.0):
        for depth in range(1, 60):
            try:
                closed = fs.md1k_loss_closed_form(load, depth)
            except InputError:
                continue
            answered += 1
            assert abs(closed - fs.md1k_loss(load, depth)) <= 1e-10, (load, depth)
    assert answered > 300
    with pytest.raises(InputError, match="cancels"):
        fs.md1k_loss_closed_form(0.5, 40)


def test_clock_edges_become_continuous() -> None:
    n = 10**6
    assert fs.geod1k_loss(0.8 / n, n, 5) == pytest.approx(fs.md1k_loss(0.8, 5), abs=1e-6)
    assert dt.clocked_loss(0.8 / n, n) == pytest.approx(dt.nonparalysable_loss(0.8), abs=1e-6)
    clocked = dt.clocked_paralysable_loss(0.8 / n, n)
    assert clocked == pytest.approx(dt.paralysable_loss(0.8), abs=1e-6)
    free = fs.clocked_free_bucket_loss(0.8 / n, n, 3)
    assert free == pytest.approx(fs.free_bucket_loss(0.8, 3), abs=1e-6)


@pytest.mark.parametrize("load", [0.01, 0.5, 3.0])
def test_one_place_is_a_dead_time(load: float) -> None:
    expected = dt.nonparalysable_loss(load)
    assert fs.md1k_loss(load, 1) == pytest.approx(expected, rel=1e-13)
    assert er.mm1k_loss(load, 1) == pytest.approx(expected, rel=1e-13)
    assert dt.window_loss(load, 1) == pytest.approx(expected, rel=1e-13)
    assert fs.geod1k_loss(load / 100, 100, 1) == pytest.approx(
        dt.clocked_loss(load / 100, 100), rel=1e-12
    )


def test_deep_buffers_become_endless() -> None:
    for load in (0.3, 0.8, 0.95):
        assert fs.md1k_mean_wait(load, 2000) == pytest.approx(fs.md1_mean_wait(load), rel=1e-9)
        mm1 = fs.mg1_mean_wait(load, 1.0)
        assert er.mmck_mean_wait(load, 1, 2000) == pytest.approx(mm1, rel=1e-9)
        assert er.mmc_mean_wait(load, 1) == pytest.approx(mm1, rel=1e-12)
    assert er.mmck_mean_wait(8, 10, 2000) == pytest.approx(er.mmc_mean_wait(8, 10), rel=1e-9)
    # Above saturation only one event a service enters.
    assert fs.md1k_loss(1.25, 2000) == pytest.approx(0.2, rel=1e-9)


def test_small_losses_keep_their_digits() -> None:
    # Lowest order of 1 - e^ρ / (1 + ρ e^ρ), the closed form of K = 2.
    assert fs.md1k_loss(1e-9, 2) == pytest.approx(5e-19, rel=1e-8)
    assert fs.free_bucket_loss(1e-9, 1) == pytest.approx(5e-10, rel=1e-8)
    assert fs.md1k_loss(0.0, 3) == er.mm1k_loss(0.0, 3) == dt.paralysable_loss(0.0) == 0
    assert er.mm1k_loss(1e-30, 10) == pytest.approx(1e-300, rel=1e-12)


def test_mm1k_textbook() -> None:
    for load, depth in ((0.5, 4), (0.999, 20), (1.7, 6)):
        expected = (1 - load) * load**depth / (1 - load ** (depth + 1))
        assert er.mm1k_loss(load, depth) == pytest.approx(expected, rel=1e-10)
    assert er.mm1k_loss(1.0, 9) == pytest.approx(0.1, rel=1e-12)


@pytest.mark.parametrize(("load", "servers"), [(9_900.0, 10_000), (10_000.0, 10_000), (50.0, 80)])
def test_erlang_b_integral(load: float, servers: int) -> None:
    """1/B = ∫ e^-x (1 + x/a)^c dx (Fortet)."""
    value, _ = quad(
        lambda x: math.exp(servers * math.log1p(x / load) - x), 0, math.inf, epsabs=0, limit=500
    )
    assert er.erlang_b(load, servers) == pytest.approx(1 / value, rel=1e-6)
    occupancy = er.mmck_occupancy(load, servers, servers)
    assert er.erlang_b(load, servers) == pytest.approx(occupancy[-1], rel=1e-9)


@pytest.mark.parametrize("load", [0.1, 0.8, 2.5])
def test_accepts_from_idle(load: float) -> None:
    assert dt.accepts_from_idle(load, 0.7) == pytest.approx(-math.expm1(-0.7 * load), rel=1e-13)
    # At time t the dead time runs when an accept came in the last one: M' = λ (1 - M(t) + M(t-1)).
    for t in (1.3, 2.6, 5.5):
        h = 1e-5
        slope = (dt.accepts_from_idle(load, t + h) - dt.accepts_from_idle(load, t - h)) / (2 * h)
        dead = dt.accepts_from_idle(load, t) - dt.accepts_from_idle(load, t - 1)
        assert slope == pytest.approx(load * (1 - dead), abs=1e-7)
    per_time = dt.accepts_from_idle(load, 501) - dt.accepts_from_idle(load, 500)
    assert per_time == pytest.approx(load / (1 + load), rel=1e-9)


def test_combinations() -> None:
    assert dt.independent_loss(0.1, 0.2) == pytest.approx(0.28, rel=1e-14)
    assert dt.independent_loss() == 0
    assert dt.spacings_loss([0.1, 0.4, 0.2]) == dt.nonparalysable_loss(0.4)


def test_tandem() -> None:
    # Friedman: the order does not matter; the slowest alone would have the same wait.
    wait = ta.fixed_tandem_mean_wait(0.4, [1.0, 2.0, 0.5])
    assert wait == pytest.approx(ta.fixed_tandem_mean_wait(0.4, [0.5, 1.0, 2.0]), rel=1e-15)
    assert wait == pytest.approx(2.0 * fs.md1_mean_wait(0.8), rel=1e-15)
    # Hunt: 2/3 of a server without a buffer between equal stages.
    assert ta.saturated_pair_throughput(1.0, 1.0, 1) == pytest.approx(2 / 3, rel=1e-14)
    assert ta.saturated_pair_throughput(1.0, 1.0, 8) == pytest.approx(9 / 10, rel=1e-14)
    assert ta.saturated_pair_throughput(5.0, 1.0, 60) == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: dt.nonparalysable_loss(-1), "load must be 0 or more, not -1"),
        (lambda: dt.paralysable_loss(math.nan), "load must be 0 or more, not nan"),
        (lambda: dt.clocked_loss(1.5, 3), "probability must be in 0 to 1, not 1.5"),
        (lambda: dt.clocked_loss(0.5, 0), "ticks must be a whole number in 1"),
        (lambda: dt.veto_fraction(1e3, 1e-2), "veto fraction must be in 0 to 1"),
        (lambda: dt.busy_headroom(1, 0), "spacing must be above 0, not 0"),
        (lambda: er.mmck_loss(1, 4, 3), r"depth must be servers \(4\) or more, not 3"),
        (lambda: er.erlang_c(10, 10), r"load must be below servers \(10\), not 10"),
        (lambda: er.erlang_b(math.inf, 1), "load must be 0 or more, not inf"),
        (lambda: fs.md1k_loss(501, 3), "load must be in 0 to 500, not 501"),
        (lambda: fs.md1k_loss(0.5, 2.5), "depth must be a whole number"),  # type: ignore[arg-type]
        (lambda: fs.md1_mean_wait(1.0), "load must be below 1, not 1.0"),
        (lambda: fs.geod1k_loss(1.0, 3, 2), "probability must be below 1"),
        (lambda: fs.geod1k_loss(0.5, 2000, 2), "ticks must be in 0 to 500, not 1000.0"),
        (lambda: ta.fixed_tandem_mean_wait(1.0, []), "services must not be empty"),
    ],
)
def test_nonsense_is_refused(call: object, text: str) -> None:
    assert callable(call)
    with pytest.raises(InputError, match=text):
        call()
