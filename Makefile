# Everything a person runs. Each target sets up .venv by itself; only Python 3.11 to 3.13, make and git are needed.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
export DAGSTER_HOME ?= $(CURDIR)/.dagster_home
export DAGSTER_DISABLE_TELEMETRY := 1
# The sandbox's Azure Blob is a program of Node's; `make azurite` puts it beside the Python of this project.
AZURITE := $(CURDIR)/$(VENV)/azurite
export PATH := $(BIN):$(AZURITE)/node_modules/.bin:$(PATH)
# Where `make demo` and `make dev` exchange files: sftp, s3 or azure_blob.
STAGING ?= sftp
# What goes wrong in `make demo`, such as all, or drop=0.02.
FAULTS ?=
NODE_PROGRAMS := $(if $(filter azure_blob,$(STAGING)),azurite)

.DEFAULT_GOAL := help

help: ## This list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; make PYTHON=/path/to/python chooses one"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

$(DAGSTER_HOME)/dagster.yaml: | dagster.yaml
	mkdir -p $(DAGSTER_HOME)
	ln -sf $(CURDIR)/dagster.yaml $@

setup: $(VENV)/.installed $(DAGSTER_HOME)/dagster.yaml ## Create .venv and Dagster's home

$(AZURITE)/.installed: | $(VENV)/.installed
	@command -v npm >/dev/null || { echo "npm is needed for Azurite (Debian: apt-get install nodejs npm)"; exit 1; }
	npm install --prefix $(AZURITE) --no-fund --no-audit --loglevel=error azurite@3.37.0
	touch $@

azurite: $(AZURITE)/.installed ## Install Azurite, which serves as Azure Blob on this machine (needs npm)

demo: setup $(NODE_PROGRAMS) ## Sandbox up, both directions once on real servers, a summary, sandbox down; STAGING=s3 …
	gigya-cheetah demo --staging $(STAGING) --faults '$(FAULTS)'

dev: setup $(NODE_PROGRAMS) ## The Dagster UI on the sandbox, until Ctrl-C; STAGING=s3 …
	gigya-cheetah dev --staging $(STAGING)

# Three workers on two cores: a third of the time a test waits for a server. Neighbours share a worker and its servers.
test: setup $(if $(filter true,$(CI)),azurite) ## All tests
	python -m pytest -n 3 --dist worksteal

lint: setup ## ruff and mypy
	ruff check .
	ruff format --check .
	mypy

bench: setup ## Benchmarks beside their peers; results go to docs/performance.md by hand
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	python -m benchmarks

lock: ## Renew constraints.txt from the ranges in pyproject.toml
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	$(BIN)/python -m pip freeze --exclude-editable > constraints.txt

clean: ## Remove .venv, Dagster's home and data/
	rm -rf $(VENV) $(DAGSTER_HOME) data

.PHONY: help setup azurite demo dev test lint bench lock clean
