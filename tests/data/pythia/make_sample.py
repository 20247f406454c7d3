"""Make belle2.hepmc3.gz: e+e- -> gamma*/Z -> anything at the SuperKEKB beams.

Usage: python make_sample.py belle2.hepmc3.gz
Needs pythia8mc and pyhepmc; neither the test suite nor the package needs Pythia.
"""

import gzip
import math
import sys

import pyhepmc
import pythia8mc

SEED = 20241
EVENTS = 200
PRECISION = 9  # digits after the point in the file
E_HER, E_LER, HALF_CROSSING = 7.004, 4.002, 0.0415  # GeV, GeV, rad


def generator() -> pythia8mc.Pythia:
    pythia = pythia8mc.Pythia("", False)
    sin, cos = math.sin(HALF_CROSSING), math.cos(HALF_CROSSING)
    settings = {
        "Print:quiet": "on",
        "Random:setSeed": "on",
        "Random:seed": SEED,
        "Beams:idA": 11,
        "Beams:idB": -11,
        "Beams:frameType": 3,
        "Beams:pxA": E_HER * sin,
        "Beams:pzA": E_HER * cos,
        "Beams:pxB": E_LER * sin,
        "Beams:pzB": -E_LER * cos,
        "WeakSingleBoson:ffbar2gmZ": "on",
        "PhaseSpace:mHatMin": 4.0,
        "ParticleDecays:limitTau0": "on",
        "ParticleDecays:tau0Max": 100.0,  # mm: K_S and hyperons decay, with displaced vertices
    }
    for key, value in settings.items():
        assert pythia.readString(f"{key} = {value}"), key
    assert pythia.init()
    return pythia


def convert(pythia: pythia8mc.Pythia, number: int) -> pyhepmc.GenEvent:
    record = pythia.event
    event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
    event.event_number = number
    particles, ends = {}, {}
    for i in range(1, record.size()):
        p = record[i]
        momentum = pyhepmc.FourVector(p.px(), p.py(), p.pz(), p.e())
        particles[i] = pyhepmc.GenParticle(momentum, p.id(), p.statusHepMC())
        particles[i].generated_mass = p.m()
    for i in range(1, record.size()):
        p = record[i]
        mothers = [m for m in p.motherList() if m > 0]
        if not mothers:
            continue
        known = [ends[m] for m in mothers if m in ends]
        if known:
            vertex = known[0]
        else:
            position = (p.xProd(), p.yProd(), p.zProd(), p.tProd())  # mm, mm/c
            vertex = (
                pyhepmc.GenVertex(pyhepmc.FourVector(*position))
                if any(position)
                else pyhepmc.GenVertex()
            )
        for m in mothers:
            if m not in ends:
                vertex.add_particle_in(particles[m])
                ends[m] = vertex
        vertex.add_particle_out(particles[i])
    # add_tree orders the particles: radiation from the beams is listed backwards in the record.
    event.add_tree([p for p in particles.values() if p.status == 4])
    event.weights = [pythia.infoPython().weight()]
    section = pyhepmc.GenCrossSection()
    section.set_cross_section(
        pythia.infoPython().sigmaGen() * 1e9,  # mb to pb
        pythia.infoPython().sigmaErr() * 1e9,
        pythia.infoPython().nAccepted(),
        pythia.infoPython().nTried(),
    )
    event.cross_section = section
    return event


def main(path: str) -> None:
    pythia = generator()
    info = pyhepmc.GenRunInfo()
    info.tools = [pyhepmc.GenRunInfo.ToolInfo("Pythia", "8.317", "e+e- at SuperKEKB")]
    info.weight_names = ["Default"]
    # No name and no time in the gzip header: the same bytes every time.
    with (
        open(path, "wb") as file,
        gzip.GzipFile("", "wb", 9, file, mtime=0) as packed,
        pyhepmc.open(packed, "w", precision=PRECISION) as out,
    ):
        number = 0
        while number < EVENTS:
            if pythia.next():
                event = convert(pythia, number)
                event.run_info = info
                out.write(event)
                number += 1


if __name__ == "__main__":
    main(sys.argv[1])
