"""`lowmult verify` finds wrong, silent, late and ill-fitting RTL, and says where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hdl.batch import BatchSimulator
from hdl.sources import user_design
from hdl.tools import ROOT, available
from hdl.verify import Batch, VerifyResult, constrained_batches, run_batches, verify
from sim.cli import main

RTL = ROOT / "hdl" / "rtl"
VHDL = ROOT / "examples" / "rtl" / "gdl_timing.vhd"

pytestmark = [pytest.mark.rtl, pytest.mark.xdist_group("rtl-faults")]


@pytest.fixture(autouse=True)
def _tools() -> None:
    for simulator in ("verilator", "icarus"):
        if reason := available(simulator):
            pytest.skip(reason)


def _mutant(source: Path, folder: Path, *changes: tuple[str, str]) -> Path:
    """Copy an RTL file with changes; each must occur exactly once."""
    text = source.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, (old, text.count(old))
        text = text.replace(old, new)
    target = folder / source.name
    target.write_text(text, encoding="utf-8")
    return target


def test_wrong_operator_is_found_and_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = _mutant(RTL / "gdl_timing.sv", tmp_path,
                    ("QUALITY_W] >= min_quality_q", "QUALITY_W] > min_quality_q"))  # fmt: skip
    report = tmp_path / "report.json"
    code = main(["verify", "gdl_timing", "--simulator", "verilator", "--vectors", "4000",
                 "--dut", str(wrong), "--json", str(report)])  # fmt: skip
    said = capsys.readouterr().err
    assert code == 1
    assert "gdl_timing.source" in said
    assert "expected" in said
    assert "observed" in said
    values = json.loads(report.read_text())
    first = values["first_mismatch"]
    assert values["mismatches"] > 0
    assert values["block"] == "gdl_timing"
    assert values["simulator"] == "verilator"
    # What the report says of the first mismatch follows from its own input by the block's rule:
    # the expected source has exactly the minimum quality, which the mutant refuses.
    name = ("ecl", "top", "cdc")[first["expected"]["source"]]
    assert first["input"]["l1"] == 1
    assert first["input"][f"{name}_valid"] == 1
    assert first["input"][f"{name}_quality"] == 1
    assert first["expected"]["source"] != first["observed"]["source"]


def _batch_verdict(folder: Path, change: tuple[str, str], *batches: Batch) -> VerifyResult:
    """Run batches through a mutant of `gdl_timing`."""
    wrong = _mutant(RTL / "gdl_timing.sv", folder, change)
    result = VerifyResult("gdl_timing", "verilator")
    run_batches(BatchSimulator("gdl_timing", [wrong]), "constrained", batches, result, seed=1)
    return result


def test_first_mismatch_is_the_first(tmp_path: Path) -> None:
    """The reported vector is the first whose word the fault changes, by the rule alone."""
    batch = next(constrained_batches("gdl_timing", 2000, 3))
    change = ("moment = {tick_q, 3'b000};\n    quality", "moment = {tick_q, 3'b001};\n    quality")
    first = _batch_verdict(tmp_path, change, batch).first
    words = batch.words
    none = (words["l1"] == 1) & ~(
        ((words["top_valid"] == 1) & (words["top_quality"] >= 1))
        | ((words["ecl_valid"] == 1) & (words["ecl_quality"] >= 1))
        | ((words["cdc_valid"] == 1) & (words["cdc_quality"] >= 1))
    )
    i = int(none.argmax())
    assert first is not None
    assert (first.vector, first.stage) == (i, "gdl_timing.time")
    assert first.expected == {"time": int(words["tick"][i]) * 8}
    assert first.observed == {"time": int(words["tick"][i]) * 8 + 1}


@pytest.mark.parametrize(
    ("new", "stage", "says"),
    [
        ("valid_o <= 1'b0;", "protocol", "0 answers to 50 frames: frame 0 is never answered"),
        ("valid_o <= valid_i;", "latency", "1 clocks after its last beat"),
        ("valid_o <= 1'b1;", "protocol", "high with no frame in flight: on 4 of the 4 clocks"),
        ("valid_o <= valid_q | valid_o;", "protocol", "valid_o is high"),
    ],
    ids=["hangs", "early", "talks-always", "talks-on"],
)
def test_protocol_faults_in_volume(tmp_path: Path, new: str, stage: str, says: str) -> None:
    words = next(constrained_batches("gdl_timing", 200, 3)).words
    batches = (Batch(words, idle=0.3), Batch(words))
    result = _batch_verdict(tmp_path, ("valid_o <= valid_q;", new), *batches)
    assert not result.passed
    assert result.first is not None
    assert result.first.stage == stage
    assert says in result.first.text()


def test_lost_answer_is_not_called_latency(tmp_path: Path) -> None:
    """A block that is silent without an accept: the first such frame is named and shown."""
    words = next(constrained_batches("gdl_timing", 200, 3)).words
    lost = int((words["l1"] == 0).argmax())
    accepts = int((words["l1"] == 1).sum())
    change = ("valid_o <= valid_q;", "valid_o <= valid_q && l1_q;")
    for idle in (0.0, 0.3):
        first = _batch_verdict(tmp_path, change, Batch(words, idle=idle)).first
        assert first is not None
        assert (first.stage, first.vector) == ("protocol", lost)
        assert (
            f"{accepts} answers to {len(words)} frames: frame {lost} is the first" in first.text()
        )
        assert first.given["l1"] == 0
        assert first.given["tick"] == words["tick"][lost]
    wrong = _mutant(RTL / "gdl_timing.sv", tmp_path, change)
    result = verify("gdl_timing", "icarus", dut=user_design("gdl_timing", [wrong]),
                    bench_vectors=20)  # fmt: skip
    assert result.first is not None
    assert result.first.stage == "protocol"
    assert "answers to 20 frames" in result.first.text()
    assert result.first.given["l1"] == 0


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ("valid_o <= 1'b0;", "0 answers to 10 frames: frame 0 is never answered"),
        ("valid_o <= valid_q | valid_o;", "with no frame in flight, after 10 answers to 10 frames"),
        ("valid_o <= 1'b1;", "with no frame in flight, after 0 answers to 0 frames"),
        ("valid_o <= valid_i;", "1 clocks after its last beat"),
    ],
    ids=["hangs", "talks-on", "talks-always", "early"],
)
def test_protocol_faults_in_the_testbench(tmp_path: Path, new: str, says: str) -> None:
    wrong = _mutant(RTL / "gdl_timing.sv", tmp_path, ("valid_o <= valid_q;", new))
    result = verify("gdl_timing", "icarus", dut=user_design("gdl_timing", [wrong]),
                    bench_vectors=10)  # fmt: skip
    assert not result.passed
    assert result.first is not None
    assert says in result.first.text()


@pytest.mark.parametrize(
    ("block", "old", "new"),
    [
        ("gdl_timing", "else if (cfg_valid_i && cfg_addr_i == 12'(GDL_TIMING_REG_MIN",
         "else if (cfg_addr_i == 12'(GDL_TIMING_REG_MIN"),
        ("gdl_prescale", "if (valid_i && data_i[i])", "if (data_i[i])"),
        ("gdl_prescale", "fired = {1'b0, state} + {1'b0, fraction};",
         "fired = {1'b0, state} - {1'b0, fraction};"),
        ("gdl_prescale", "sum >= {", "sum > {"),
        ("gdl_prescale", "x ^ (x >> 17)", "x ^ (x >> 16)"),
        ("gdl_inputs", "assign edges = data_i & ~last_q;", "assign edges = data_i;"),
        ("gdl_inputs", "(~start_q & g_width[COUNT_W-1].any & ~(left_q ^ lower))",
         "(g_width[COUNT_W-1].any & ~(left_q ^ lower))"),
        ("gdl_inputs", "if (!rst_ni) left_q <= '0;\n      else if (valid_q)", "if (valid_q)"),
    ],
    ids=["config-valid", "idle-fires", "fraction-sign", "count-end", "lfsr-tap", "no-edge",
         "no-retrigger", "no-reset"],
)  # fmt: skip
def test_testbench_in_icarus_finds_it(tmp_path: Path, block: str, old: str, new: str) -> None:
    """Faults that only idle clocks, configuration or reset show are found by the testbench."""
    wrong = _mutant(RTL / f"{block}.sv", tmp_path, (old, new))
    result = verify(block, "icarus", dut=user_design(block, [wrong]), bench_vectors=80)
    assert result.mismatches > 0
    assert result.first is not None


def test_wrong_port_width_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = _mutant(RTL / "gdl_timing.sv", tmp_path,
                    ("GDL_DECISION_WIDTH-1:0] data_o", "GDL_DECISION_WIDTH:0] data_o"))  # fmt: skip
    assert main(["verify", "gdl_timing", "--dut", str(wrong)]) == 2
    said = capsys.readouterr().err
    assert "data_o has 20 bits, it must have 19" in said
    assert "Traceback" not in said


def test_missing_port_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (RTL / "gdl_timing.sv").read_text(encoding="utf-8").replace("cfg_addr_i", "address")
    wrong = tmp_path / "gdl_timing.sv"
    wrong.write_text(text, encoding="utf-8")
    assert main(["verify", "gdl_timing", "--dut", str(wrong)]) == 2
    said = capsys.readouterr().err
    assert "cfg_addr_i is missing" in said


def test_rtl_that_does_not_compile_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = _mutant(RTL / "gdl_timing.sv", tmp_path, ("logic l1_q;", "logic l1_q"))
    line = wrong.read_text().splitlines().index("  logic l1_q") + 2
    assert main(["verify", "gdl_timing", "--dut", str(wrong)]) == 2
    said = capsys.readouterr().err
    assert f"gdl_timing.sv:{line}:" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["gdl_timming"], "nearest: 'gdl_timing'"),
        (["gdl_timing", "--simulator", "questa"], "verilator, icarus, ghdl"),
        (["gdl_timing", "--dut", "nowhere.sv"], "no such file"),
        (["gdl_timing", "--dut", str(ROOT / "README.md")], "suffix '.md'"),
        (["--dut", str(RTL / "gdl_timing.sv")], "needs the name of one block"),
        (["gdl_timing", "--top", "x"], "needs --dut"),
        (["gdl_timing", "--vectors", "0"], "at least 1"),
        (["gdl_timing", "--vectors", "1000000001"], "at most 1000000000"),
        (["gdl_timing", "gdl_logic", "gdl_timing"], "more than once: gdl_timing"),
        (["gdl_timing", "--dut", "/dev/null"], "not a regular file"),
        (["gdl_timing", "--dut", str(RTL)], "is a folder"),
        (["gdl_timing", "--dut", str(ROOT / "examples" / "rtl" / "gdl_inputs.sv")],
         "no module 'gdl_timing' in these files; name yours with --top"),
        (["gdl_timing", "--dut", str(RTL / "gdl_timing.sv"), "--simulator", "ghdl"],
         "does not read verilog"),
        (["gdl_timing", "--dut", str(RTL / "gdl_timing.sv"), "--top", "other"], "other"),
    ],
)  # fmt: skip
def test_bad_arguments(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_vhdl_example_is_equal_and_its_mutant_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if reason := available("ghdl"):
        pytest.skip(reason)
    assert main(["verify", "gdl_timing", "--dut", str(VHDL)]) == 0
    wrong = _mutant(VHDL, tmp_path, ("exit when source_order(rank) = SELF;",
                                     "next when source_order(rank) = SELF;"))  # fmt: skip
    assert main(["verify", "gdl_timing", "--dut", str(wrong)]) == 1
    assert "random_registers" in capsys.readouterr().err


def test_systemverilog_example_is_equal_and_its_mutant_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example = ROOT / "examples" / "rtl" / "gdl_inputs.sv"
    arguments = ["verify", "gdl_inputs", "--simulator", "icarus", "--dut"]
    assert main([*arguments, str(example)]) == 0
    wrong = _mutant(example, tmp_path, ("data_i[i] & ~last_q", "data_i[i]"))
    assert main([*arguments, str(wrong)]) == 1
    assert "gdl_inputs.bits" in capsys.readouterr().err


def test_vhdl_port_width_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if reason := available("ghdl"):
        pytest.skip(reason)
    wrong = _mutant(
        VHDL, tmp_path,
        ("data_i      : in  std_logic_vector(62", "data_i      : in  std_logic_vector(63"),
        ("frame_q <= data_i;", "frame_q <= data_i(62 downto 0);"),
    )  # fmt: skip
    assert main(["verify", "gdl_timing", "--dut", str(wrong)]) == 2
    assert "data_i has 64 bits, it must have 63" in capsys.readouterr().err
