# Two commands are all a new machine needs: `make study` and `make test`.
# Both rest on `make setup`, which is quick when nothing changed.

VENV := .venv
LOWMULT := $(VENV)/bin/lowmult
STAMP := $(VENV)/.setup-done
OUT ?= out/study
JOBS ?= $(shell nproc)
# cocotb and verilated models build C++; Icarus and GHDL run the same RTL a second time.
SYSTEM := g++:g++ perl:perl iverilog:iverilog ghdl:ghdl ccache:ccache

.PHONY: setup system study test lint generate clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt .ci/setup | system
	@.ci/setup
	@touch $@

system:
	@.ci/system-packages $(SYSTEM)

study: setup
	$(LOWMULT) study --out $(OUT)
	@echo "Report: $(abspath $(OUT))/report.html"

test: setup lint
	$(VENV)/bin/python -m pytest -n $(JOBS) --dist loadgroup --durations 20

lint: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

generate: setup
	$(LOWMULT) generate

clean:
	rm -rf $(VENV) .build out
