"""A block's RTL with a fault in one of its files."""

from __future__ import annotations

from pathlib import Path

from hdl.batch import BatchSimulator
from hdl.sources import block_sources
from hdl.verify import VerifyResult, constrained_batches, run_batches


def changed_sources(block: str, folder: Path, file: str, old: str, new: str) -> list[Path]:
    """Return the block's files, one of them changed: `old`, which it has once, becomes `new`."""
    sources = list(block_sources(block))
    (at,) = [i for i, source in enumerate(sources) if source.name == file]
    text = sources[at].read_text(encoding="utf-8")
    assert text.count(old) == 1, (old, text.count(old))
    sources[at] = folder / file
    sources[at].write_text(text.replace(old, new), encoding="utf-8")
    return sources


def assert_volume_finds(
    block: str, sources: list[Path], frames: int = 8_000, field: str = ""
) -> None:
    """Run constrained frames in Verilator and ask for a mismatch in a field of the block."""
    result = VerifyResult(block, "verilator")
    simulate = BatchSimulator(block, sources)
    run_batches(simulate, "constrained", constrained_batches(block, frames, 3), result, 3)
    assert result.mismatches > 0
    assert result.first is not None
    assert result.first.stage.startswith(f"{block}.{field}")
