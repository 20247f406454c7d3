"""Clocks that the whole trigger shares.

Sources: readout_daq section 1 and ecl_klm_gdl section 7 of the reference notes (basf2 hardware
clock settings; B2TT firmware counts 0 to 1279 a turn).
"""

from __future__ import annotations

RF_MHZ = 508.887
"""Accelerator radio frequency [MHz]."""

BUCKETS_PER_TURN = 5120
"""RF buckets in one revolution (harmonic number)."""

SYSTEM_CLOCK_MHZ = RF_MHZ / 4
"""System clock [MHz]: 127.22 MHz, 1280 ticks a turn."""

TICK_NS = 1e3 / SYSTEM_CLOCK_MHZ
"""One tick of the system clock [ns]: 7.8603 ns."""

TICKS_PER_TURN = 1280
"""Ticks in one revolution."""

DATA_CLOCK_TICKS = 16
"""Ticks in one data clock of the calorimeter trigger (7.95 MHz, 125.77 ns)."""

DATA_CLOCKS_PER_TURN = TICKS_PER_TURN // DATA_CLOCK_TICKS
"""Data clocks in one revolution: 80."""

DATA_CLOCK_NS = DATA_CLOCK_TICKS * TICK_NS
"""One data clock [ns]."""

TIME_LSB_NS = DATA_CLOCK_NS / 128
"""One count of the 7-bit time within a data clock [ns]: half an RF bucket, 0.98254 ns.

The source gives "1 ns, 7 bits within a clock of about 125 ns"; 1/128 of the data clock is the
value that fills the seven bits exactly.
"""
