# Two commands are all a fresh machine needs: `make demo` and `make test`. Needs Python 3.11 or later.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data/soccernet-dev
FUZZ_SECONDS ?= 600

.DEFAULT_GOAL := help
.PHONY: help demo test lint types unit parity fuzz wheel-smoke bench pictures fixtures clean

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# What the demo needs is small; networks and video, which only the tests need, come after it.
$(VENV)/.core: pyproject.toml setup.py
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"Python 3.11 or later is needed, this is {v[0]}.{v[1]}: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed: $(VENV)/.core
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

demo: $(VENV)/.core ## Solve the shipped clip; print HOTA before and after; draw it
	$(BIN)/python benchmarks/demo.py --out demo

test: $(VENV)/.installed lint types unit ## Lint, types and tests

lint: $(VENV)/.installed ## Format and lint rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.installed ## Strict types
	$(BIN)/mypy

unit: $(VENV)/.installed ## Tests alone
	$(BIN)/python -m pytest -m 'not parity'

$(VENV)-parity/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-parity
	$(VENV)-parity/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[parity]'
	@touch $@

parity: $(VENV)-parity/.installed ## Compare the metrics with TrackEval, in an environment of its own
	$(VENV)-parity/bin/python -m pytest -m parity tests/parity

$(VENV)/.fuzz: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	@touch $@

fuzz: $(VENV)/.fuzz ## Fuzz every reader for FUZZ_SECONDS=600 in all; fail if anything is found
	$(BIN)/python -m tests.fuzz.run --seconds $(FUZZ_SECONDS)

wheel-smoke: $(VENV)/.installed ## Build the wheel, install it in a clean environment, run it
	bash tests/wheel_smoke.sh $(BIN)/python

bench: $(VENV)/.core ## Quality on real clips (DATA=folder)
	$(BIN)/python benchmarks/soccernet.py --data $(DATA)

fixtures: $(VENV)/.installed ## Make the shipped clip again from its seed
	$(BIN)/python fixtures/generate.py --out fixtures/derby --seed 19 --truth parquet

pictures: $(VENV)/.installed ## Make the README's pictures again
	$(BIN)/python benchmarks/demo.py --out demo
	cp demo/timeline.svg docs/timeline.svg
	$(BIN)/python benchmarks/pictures.py --out docs

clean: ## Remove environments and caches
	rm -rf $(VENV) $(VENV)-parity build dist demo .mypy_cache .pytest_cache .ruff_cache .hypothesis .fuzz
