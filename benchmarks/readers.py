"""Reading speed by format: events a second and memory, from file to validated chunks.

Usage: python benchmarks/readers.py [EVENTS]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "tests" / "data" / "pythia" / "belle2.hepmc3.gz"

CHILD = """
import resource, sys, time
from sim.readers import open_events
next(iter(open_events(sys.argv[1], chunk=1)))  # imports and compilation
start = time.perf_counter()
events = particles = 0
for part in open_events(sys.argv[1], chunk=10_000):
    events += len(part)
    particles += len(part.pdg)
seconds = time.perf_counter() - start
print(events, particles, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def write_all(folder: Path, n: int) -> dict[str, Path]:
    """Write n hadronic events, the sample over and over, in every format."""
    import awkward as ak
    import numpy as np
    import pyhepmc
    import uproot

    from sim.events import Events, concatenate
    from sim.readers import open_events, write_events

    base = concatenate(list(open_events(SAMPLE)))
    events: Events = concatenate([base] * (n // len(base)))
    paths = {
        name: folder / f"events.{name}"
        for name in ("hepmc3", "hepmc3.gz", "hepmc2", "lhe", "root", "parquet")
    }
    pyhepmc.Setup.print_warnings = False
    with pyhepmc.open(SAMPLE) as source:
        records = list(source)
    for name, format in (("hepmc3", "hepmc3"), ("hepmc3.gz", "hepmc3"), ("hepmc2", "hepmc2")):
        with pyhepmc.open(paths[name], "w", format=format) as out:
            for _ in range(n // len(records)):
                for record in records:
                    out.write(record)
    _write_lhe(paths["lhe"], events)
    counts = np.diff(events.offsets)
    columns = {"pdg": events.pdg}
    columns |= dict(zip(("px", "py", "pz", "energy"), events.p4.T, strict=True))
    columns |= dict(zip(("x", "y", "z", "t"), events.vertex.T, strict=True))
    with uproot.recreate(paths["root"]) as file:
        file.mkrntuple("events", {k: ak.unflatten(v, counts) for k, v in columns.items()})
    write_events(paths["parquet"], [events])
    return paths


def _write_lhe(path: Path, events) -> None:  # type: ignore[no-untyped-def]
    from sim.machine import Machine

    incoming = [
        f"{code} -1 0 0 0 0 " + " ".join(repr(float(x)) for x in p4) + " 0 0 9"
        for code, p4 in ((11, Machine().electron), (-11, Machine().positron))
    ]
    with path.open("w") as out:
        out.write('<LesHouchesEvents version="3.0">\n<init>\n11 -11 7.004 4.002 0 0 0 0 3 1\n')
        out.write("1 0 1 1\n</init>\n")
        for i in range(len(events)):
            rows = range(events.offsets[i], events.offsets[i + 1])
            lines = ["<event>", f"{len(rows) + 2} 1 1.0 10 0.007 0.1", *incoming]
            for row in rows:
                p4 = " ".join(f"{x:.10e}" for x in events.p4[row])
                lines.append(f"{events.pdg[row]} 1 1 2 0 0 {p4} 0 0 9")
            out.write("\n".join([*lines, "</event>\n"]))
        out.write("</LesHouchesEvents>\n")


def main() -> None:
    """Print one line a format."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as name:
        start = perf_counter()
        paths = write_all(Path(name), n)
        print(f"wrote {n} hadronic events six times in {perf_counter() - start:.0f} s")
        print(f"{'format':10} {'MB':>7} {'events/s':>10} {'particles/s':>12} {'peak MB':>8}")
        for label, path in paths.items():
            result = subprocess.run(
                [sys.executable, "-c", CHILD, str(path)],
                cwd=ROOT, capture_output=True, text=True, check=True,
            )  # fmt: skip
            events, particles, seconds, peak = (float(x) for x in result.stdout.split())
            size = path.stat().st_size / 1e6
            print(
                f"{label:10} {size:7.1f} {events / seconds:10,.0f} "
                f"{particles / seconds:12,.0f} {peak:8.0f}"
            )


if __name__ == "__main__":
    main()
