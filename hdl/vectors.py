"""Test vectors in files: input frames, the model's answers and register writes of one block."""

from __future__ import annotations

import csv
import importlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_models.errors import InputError, unknown_name
from firmware_models.files import write_text
from firmware_models.interface import Block, Registers
from firmware_models.words import Word
from hdl.batch import register_writes
from hdl.sources import find_block
from hdl.verify import stimulus_of

Comment = list[str]


def write_vectors(
    name: str,
    form: str,
    n: int,
    folder: str | Path,
    *,
    seed: int = 1,
    random_registers: bool = False,
) -> list[Path]:
    """Write constrained-random vectors of a block.

    Parameters
    ----------
    name : str
        Block.
    form : str
        ``"memh"`` (for ``$readmemh``: one bus word a line) or ``"csv"`` (one frame a row).
    n : int
        Frames.
    folder : str or Path
        Made when it does not exist.
    seed : int
    random_registers : bool
        Random legal register values instead of those after reset.

    Returns
    -------
    list of Path
        ``<block>_input``, ``<block>_expected`` and, for a block with registers,
        ``<block>_registers``.

    Raises
    ------
    InputError
        For an unknown block or format, `n` below 1, `seed` below 0, or a folder that
        cannot be written.
    """
    block = find_block(name)
    if form not in _WRITERS:
        raise unknown_name("format", form, _WRITERS, place="--format")
    if n < 1:
        raise InputError(f"must be at least 1, not {n}", place="--vectors")
    if seed < 0:
        raise InputError(f"must be at least 0, not {seed}", place="--seed")
    stimulus = stimulus_of(name)
    registers: Registers = block.defaults()
    if random_registers and hasattr(stimulus, "registers"):
        registers = stimulus.registers(seed)
    words = stimulus.constrained(n, seed)
    expected = importlib.import_module(f"firmware_models.{name}").evaluate(words, registers)
    texts = _WRITERS[form](block, words, expected, registers, seed)
    return _write(Path(folder), {f"{name}_{part}.{form}": text for part, text in texts})


def _write(folder: Path, texts: dict[str, str]) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder: {error.strerror}", place=str(folder)) from error
    paths = [folder / name for name in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        write_text(path, text)
    return paths


def layout(word: Word) -> Comment:
    """Return a line for each field: bits, name, elements, sign, unit, meaning."""
    lines = []
    for part in word.fields:
        low = word.low_bit(part.name)
        many = f"[{part.count}]" if part.count > 1 else ""
        sign = " signed" if part.signed else ""
        order = ", element 0 lowest" if part.count > 1 else ""
        size = f"{part.width} bits{sign}{order}"
        unit = f", 1 count = {part.lsb:.6g} {part.unit}" if part.unit else ""
        lines.append(
            f"bits {low + part.bits - 1}:{low} {part.name}{many}: {size}{unit}"
            + (f"; {part.doc}" if part.doc else "")
        )
    return lines


def _head(block: Block, what: str, word: Word, n: int, seed: int) -> Comment:
    return [
        f"{block.name}: {what}, word {word.name}, {word.width} bits, {n} frames, seed {seed}",
        f"latency {block.latency} clocks, a frame every {block.interval} clocks, "
        f"{block.beats} beats a frame",
        *layout(word),
    ]


def hex_lines(bus: NDArray[np.uint32], width: int) -> Iterator[str]:
    """Yield each bus word as hexadecimal digits, highest first."""
    digits = -(-width // 4)
    raw = np.ascontiguousarray(bus[:, ::-1]).astype(">u4").tobytes().hex()
    step = 8 * bus.shape[1]
    for start in range(0, len(raw), step):
        yield raw[start + step - digits : start + step]


def _memh(
    block: Block, words: NDArray[np.void], expected: NDArray[np.void], registers: Registers,
    seed: int,
) -> Iterator[tuple[str, str]]:  # fmt: skip
    for part, word, values, beats in (
        ("input", block.input, words, block.beats),
        ("expected", block.output, expected, 1),
    ):
        beat = word.beat(beats)
        comment = _head(block, part, word, len(words), seed)
        if beats > 1:
            comment += [
                f"each line is one beat of {beat.width} bits, {beats} lines a frame; the first "
                "line has the lowest elements of every array, single fields are on every line:",
                *layout(beat),
            ]
        lines = [f"// {line}" for line in comment]
        lines += hex_lines(word.pack(values, beats), beat.width)
        yield part, "\n".join(lines) + "\n"
    if block.registers:
        address, data = register_writes(block, registers)
        lines = [
            f"// {block.name}: register writes in order; bits 43:32 address, bits 31:0 data",
            *(
                f"// {item.address:03x} to {item.address + item.count - 1:03x} {item.name}"
                f"[{item.count}]: data bits {item.width - 1}:0, element 0 at the lowest address"
                for item in block.registers
            ),
        ]
        lines += [f"{a:03x}{d:08x}" for a, d in zip(address, data, strict=True)]
        yield "registers", "\n".join(lines) + "\n"


def _csv(
    block: Block, words: NDArray[np.void], expected: NDArray[np.void], registers: Registers,
    seed: int,
) -> Iterator[tuple[str, str]]:  # fmt: skip
    for part, word, values in (("input", block.input, words), ("expected", block.output, expected)):
        columns = [
            f.name if f.count == 1 else f"{f.name}[{i}]"
            for f in word.fields
            for i in range(f.count)
        ]
        table = np.concatenate(
            [values[f.name].astype(np.int64).reshape(len(values), f.count) for f in word.fields],
            axis=1,
        )
        yield part, _table(_head(block, part, word, len(words), seed), columns, table.tolist())
    if block.registers:
        rows = [
            [item.name, index, item.address + index, int(value)]
            for item in block.registers
            for index, value in enumerate(registers[item.name])
        ]
        yield (
            "registers",
            _table([f"{block.name}: registers"], ["register", "index", "address", "value"], rows),
        )


def _table(comment: Comment, columns: list[str], rows: list[list[int]] | list[list[object]]) -> str:
    text = io.StringIO()
    text.writelines(f"# {line}\n" for line in comment)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


_WRITERS: dict[
    str,
    Callable[
        [Block, NDArray[np.void], NDArray[np.void], Registers, int], Iterator[tuple[str, str]]
    ],
] = {"memh": _memh, "csv": _csv}
