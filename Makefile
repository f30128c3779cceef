# make up      everything on this machine, in one command:  make up ARGS="--interval 2"
# make test    every test; on Debian as root it installs the parts that the tests run against
# make soak    the fault tests in their long form, an hour and a half, for docs/reliability.md
# make lint    ruff and mypy
# make bench   every benchmark, the short form
# make docs    docs/metrics.md and docs/configuration.md again, from the code
# make lock    the locked requirements again, from pyproject.toml

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
# The newest Python that is new enough, unless PYTHON names one.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCK := $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --all-build-deps \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options --extra all

.PHONY: up test soak lint bench lock
.DEFAULT_GOAL := up

up: $(VENV)/.installed
	@exec $(BIN)/weir up $(ARGS)

test: parts $(VENV)/.installed-dev
	@$(BIN)/python -m pytest $(ARGS)

soak: parts $(VENV)/.installed-dev
	@WEIR_KILLS=100 nice $(BIN)/python -m pytest tests/faults tests/collector/test_killed_collector.py --soak --timeout=7200 $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(VENV)/.installed-dev
	@broken=; for benchmark in $$(grep -l -e '--quick' benchmarks/[a-z]*.py); do \
	name=$$(basename $$benchmark .py); echo "== $$name"; \
	$(BIN)/python -m benchmarks.$$name --quick || broken="$$broken $$name"; done; \
	test -z "$$broken" || { echo "bounds broken:$$broken" >&2; exit 1; }

lock: $(VENV)/.installed-dev
	$(LOCK) --output-file requirements/all.lock pyproject.toml
	$(LOCK) --extra dev --constraint requirements/all.lock --output-file requirements/dev.lock pyproject.toml

docs: $(VENV)/.installed
	@$(BIN)/python -m weir.reference docs

.PHONY: docs parts
parts:
	@sh tests/install.sh

$(VENV)/.installed: requirements/all.lock pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --require-hashes -r requirements/all.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements/dev.lock pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --require-hashes -r requirements/dev.lock
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.installed

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
	echo "weir needs Python 3.11 or newer: apt-get install python3, or say make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "$(PYTHON) has no venv module: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
