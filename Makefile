# `make help` explains every target. MIZAN_HOME chooses another platform folder, MIZAN_CACHE another tool cache.
SHELL := /bin/sh
PYTHON ?= python3
STACK ?= local
BIN := .venv/bin
INSTALLED := .venv/.installed
PURE := mizan components local policies stacks __main__.py

.DEFAULT_GOAL := help
.PHONY: help up down status show env tools render test check test-tools lint format types imports bench docs lock clean

help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST) \
	  | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi

up: $(INSTALLED) ## Start everything: tools, control plane, `pulumi up` of stack local (STACK=name for another)
	@$(BIN)/python -m local up --stack $(STACK)

down: $(INSTALLED) ## End every process, keep the state; PURGE=1 removes every file too
	@$(BIN)/python -m local down $(if $(PURGE),--purge)

status: $(INSTALLED) ## Show what runs, its memory and where its log is
	@$(BIN)/python -m local status

show: $(INSTALLED) ## Show nodes, queues and jobs of the running platform
	@$(BIN)/python -m local show --stack $(STACK)

env: $(INSTALLED) ## Print shell exports for your own kubectl and pulumi: eval "$$(make env)"
	@$(BIN)/python -m local env

tools: $(INSTALLED) ## Find or build every tool without starting anything
	@$(BIN)/python -m local tools

render: $(INSTALLED) ## Print the manifests of a stack (STACK=name) without Pulumi
	@$(BIN)/mizan render --stack $(STACK)

test: check test-tools ## Run all tests

check: $(INSTALLED) lint types imports ## Run what needs no tools: lint, types, import rules, quick tests
	@$(BIN)/pytest -q -m "not control_plane and not e2e"

test-tools: $(INSTALLED) ## Run the tests on the real control plane and engine
	@$(BIN)/python -m local tools > /dev/null
	@$(BIN)/pytest -q -m "control_plane or e2e"

lint: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(INSTALLED) ## Format the code and fix what can be fixed
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

types: $(INSTALLED)
	@$(BIN)/mypy --no-error-summary $(PURE)

imports: $(INSTALLED)
	@$(BIN)/lint-imports > .import-report 2>&1 || { cat .import-report; rm -f .import-report; exit 1; }
	@rm -f .import-report

bench: $(INSTALLED) ## Measure speed and size against their limits
	@$(BIN)/python -m tests.bench

docs: $(INSTALLED) ## Make the reference pages again from the code
	@$(BIN)/python -m mizan.config.reference > docs/reference/stack-file.md

lock: $(INSTALLED) ## Lock requirements.txt again after a change in pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra dev \
	  --no-emit-index-url --no-annotate --no-header pyproject.toml -o requirements.txt

clean: ## Remove the virtual environment and caches of this checkout (built tools stay in the per-user cache)
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info

# pip says what it installs only when it fails: a minute of silence needs a word before it.
$(INSTALLED): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON): $$($(PYTHON) --version 2>&1); needs Python 3.11 or newer because the code uses its syntax. Install it, or run make with PYTHON=/path/to/python3.11." >&2; exit 2; }
	@echo "Installing Python packages into .venv (about half a minute)"
	@test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@
