# Two commands do all the set-up: `make launch` and `make test`. They need Python 3.11 or newer with pip, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SETUP := pyproject.toml constraints.txt Makefile
ARGS ?=

.PHONY: launch test soak lint types clean

# Train on CountRecallEasy and open the dashboard; `make launch ARGS="popgym-RepeatPreviousEasy-v0 --seed 1"`.
launch: $(VENV)/.installed
	@$(BIN)/gwt-ib-tui launch $(ARGS)

test: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -m 'not processes and not soak' --numprocesses 2 --dist loadfile $(ARGS)
	$(BIN)/python -m pytest -m 'processes and not soak' $(ARGS)

# The fault tests that take too long for every push, then three minutes of faults; `make soak SEED=2`.
SEED ?= 1
soak: $(VENV)/.installed-test
	$(BIN)/python -m pytest -m soak tests/faults
	$(BIN)/python benchmarks/soak.py --seed $(SEED) $(ARGS)

lint: $(VENV)/.installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.installed-test
	$(BIN)/mypy

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The stamp makes a second start install nothing; a changed requirement makes the next one install again.
$(VENV)/.installed: $(SETUP) | $(VENV)/bin/python
	$(PIP) install --constraint constraints.txt --editable '.[navigation,serve]'
	-@$(BIN)/python -m gwt_ib.kernels  # compiled once for this processor, here and not at the first start
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) install --constraint constraints.txt --editable '.[navigation,serve,ray,test]'
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
