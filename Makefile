# Regulars. `make run` shows the product, `make test` proves it; both start from a bare clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PACKAGES := loyalty devices cloud_bridge kiosk_ui edge_agent cloud_crm simulation provisioning benchmarks

.DEFAULT_GOAL := help
.PHONY: help setup run test check bench fuzz packages dev clean

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Regulars needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3-venv is missing: sudo apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/.ready: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Regulars into $(VENV) (once; a minute or two) …"
	@$(PIP) install --constraint constraints.txt --editable '.[vision,cloud]'
	@touch $@

$(VENV)/.dev: $(VENV)/.ready
	@$(PIP) install --constraint constraints.txt --editable '.[vision,cloud,dev]'
	@touch $@

setup: $(VENV)/.ready  ## the environment alone

dev: $(VENV)/.dev  ## the environment with the developers' tools

run: $(VENV)/.ready  ## one store, its gateway and kiosk, a broker and the cloud, on this machine
	@exec $(BIN)/regulars demo

packages:  # what the tests need beside Python: installed where root or sudo allows, else the tests skip and say so
	@sh tests/install_packages.sh

test: $(VENV)/.dev packages check  ## everything: lint, types, rooms, and every test
	@$(BIN)/python -m pytest

check: $(VENV)/.dev  ## ruff, mypy, import-linter, tidy and docs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest -q tests/tidy

bench: $(VENV)/.dev packages  ## every benchmark, each figure beside its limit
	@$(BIN)/python -m benchmarks all

fuzz: $(VENV)/.dev  ## every parser of outside bytes, a million inputs
	@$(PIP) install --constraint constraints.txt --editable '.[vision,cloud,dev,fuzz]' || \
		echo "atheris has no build for this Python: a seeded generator takes its place"
	@$(BIN)/python -m tests.fuzz

clean:  ## remove what was built here
	@rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
