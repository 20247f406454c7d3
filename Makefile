# Two commands are all a new machine needs: `make study` and `make test`.
# Both rest on `make setup`, which is quick when nothing changed.

PYTHON ?= python3
VENV := .venv
LOWMULT := $(VENV)/bin/lowmult
STAMP := $(VENV)/.setup-done
OUT ?= out/study
# cocotb and verilated models build C++; Icarus and GHDL run the same RTL a second time.
SYSTEM := iverilog:iverilog ghdl:ghdl g++:g++ perl:perl ccache:ccache
JOBS ?= $(shell nproc)

.PHONY: setup study test lint generate system clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt | system
	@echo "Setting up $(VENV) (a few minutes the first time)"
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  .ci/system-packages python3-venv:ensurepip && $(PYTHON) -m venv $(VENV); }
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --editable '.[hdl,test]'
	@touch $@

system:
	@.ci/system-packages $(SYSTEM)

study: setup
	$(LOWMULT) study --out $(OUT)
	@echo "Report: $(abspath $(OUT))/report.html"

test: setup lint
	$(VENV)/bin/python -m pytest -n $(JOBS) --dist loadgroup

lint: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

generate: setup
	$(LOWMULT) generate

clean:
	rm -rf $(VENV) .build out
