# Two commands do all the set-up: `make launch` and `make test`. They need Python 3.11 or newer with pip, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# In a terminal pip shows what it downloads; in a log it says only what goes wrong.
PIP := $(BIN)/python -m pip --disable-pip-version-check $(shell test -t 2 || echo --quiet) install --constraint constraints.txt
SAY := @printf '==> %s\n'
SETUP := pyproject.toml constraints.txt Makefile
ARGS ?=

.PHONY: launch test soak lint types pictures docs package clean

# Train on CountRecallEasy and open the dashboard; `make launch ARGS="popgym-RepeatPreviousEasy-v0 --seed 1"`.
launch: $(VENV)/.installed
	@$(BIN)/gwt-ib-tui launch $(ARGS)

test: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -m 'not processes and not soak' --numprocesses 3 --dist loadfile $(ARGS)
	$(BIN)/python -m pytest -m 'processes and side_by_side and not soak' --numprocesses 2 --dist load --maxschedchunk 1 $(ARGS)
	$(BIN)/python -m pytest -m 'processes and not side_by_side and not soak' $(ARGS)

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

# README's pictures, of a run of the command beside them, by the code as it is.
pictures: $(VENV)/.installed-test
	@$(BIN)/python docs/site/pictures.py $(ARGS)

# The documentation as a site, in `site/`; a warning is an error.
docs: $(VENV)/.installed-test
	@$(BIN)/python -m mkdocs build --strict

# Wheel and sdist, checked, and installed under every Python from 3.11 to 3.14 that is here.
package: $(VENV)/.installed-test
	@bash .ci/package $(ARGS)

$(VENV)/bin/python:
	$(SAY) '1 of 3: a new environment in $(VENV)'
	@$(PYTHON) -m venv $(VENV)

# The stamp makes a second start install nothing; a changed requirement makes the next one install again.
$(VENV)/.installed: $(SETUP) | $(VENV)/bin/python
	$(SAY) '2 of 3: the packages into $(VENV), torch among them: a minute or more'
	@$(PIP) --editable '.[navigation,serve]'
	$(SAY) '3 of 3: the kernels for this processor, about 15 seconds'
	-@$(BIN)/python -m gwt_ib.kernels  # compiled once for this processor, here and not at the first start
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(SAY) 'and what the tests need: ruff, mypy, pytest, ray, the readers of every export'
	@$(PIP) --editable '.[navigation,serve,ray,test,docs]'
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
