"""Protocol of `displaced_classifier`: back to back, idle clocks, reset in flight, registers."""

from __future__ import annotations

from typing import Any

import cocotb

from hdl.testbenches.common import Bench

BLOCK = "displaced_classifier"


@cocotb.test()
async def back_to_back(dut: Any) -> None:
    await Bench(dut, BLOCK).back_to_back()


@cocotb.test()
async def idle_cycles(dut: Any) -> None:
    await Bench(dut, BLOCK).idle_cycles()


@cocotb.test()
async def reset_in_flight(dut: Any) -> None:
    await Bench(dut, BLOCK).reset_in_flight()


@cocotb.test()
async def random_registers(dut: Any) -> None:
    await Bench(dut, BLOCK).random_registers()
