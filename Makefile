# `make help` explains every target. MIZAN_HOME chooses another platform folder, MIZAN_CACHE another tool cache.
SHELL := /bin/sh
PYTHON ?= python3
STACK ?= local
BIN := .venv/bin
INSTALLED := .venv/.installed

.DEFAULT_GOAL := help
# Two targets at once would share one virtual environment, one platform folder and one screen.
.NOTPARALLEL:
.PHONY: help install up down status show open budgets interrupt rehearse env tools render test check test-tools test-control-plane test-e2e \
  lint format types imports bench docs lock clean

help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {gsub(/\$$\$$/, "$$"); printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST) \
	  | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi

install: $(INSTALLED) ## Install the Python packages into .venv, nothing else

up: $(INSTALLED) ## Start everything: tools, control plane, `pulumi up` of stack local (STACK=name for another)
	@$(BIN)/python -m local up --stack $(STACK)

down: $(INSTALLED) ## End every process, keep the state; PURGE=1 removes every file too
	@$(BIN)/python -m local down $(if $(PURGE),--purge)

status: $(INSTALLED) ## Show what runs, its memory and where its log is
	@$(BIN)/python -m local status

show: $(INSTALLED) ## Show nodes, queues and jobs of the running platform
	@$(BIN)/python -m local show --stack $(STACK)

open: $(INSTALLED) ## Show what GPUs cost now, whose it is and what is idle; open Prometheus where there is a browser
	@$(BIN)/python -m local open --stack $(STACK)

budgets: $(INSTALLED) ## Hold and release queues once by the budgets of their teams, as a CronJob does elsewhere every five minutes
	@$(BIN)/python -m local budgets --stack $(STACK)

interrupt: $(INSTALLED) ## Take a spot node away, as the cloud would (NODE=name)
	@test -n '$(NODE)' || { \
	  echo 'make interrupt: no NODE; needs the name of a spot node because a cloud takes one node at a time. Run `kubectl get nodes` after `eval "$$(make env)"`, then `make interrupt NODE=name`.' >&2; exit 2; }
	@$(BIN)/python -m local interrupt '$(NODE)'

rehearse: $(INSTALLED) ## Bring up and destroy a cloud's stack with the cloud simulated (STACK=gke-prod, FAULT=..., OUT_OF_STOCK=..., KEEP=1)
	@$(BIN)/python -m local rehearse '$(STACK)' $(foreach told,$(FAULT),--fault '$(told)') \
	  $(foreach gone,$(OUT_OF_STOCK),--out-of-stock '$(gone)') $(if $(KEEP),--keep)

env: $(INSTALLED) ## Print shell exports for your own kubectl and pulumi: eval "$$(make env)"
	@$(BIN)/python -m local env

tools: $(INSTALLED) ## Find or build every tool without starting anything
	@$(BIN)/python -m local tools

render: $(INSTALLED) ## Print the manifests of a stack (STACK=name) without Pulumi
	@$(BIN)/mizan render --stack $(STACK)

# Makes a target and says how long it took, also when it failed.
define timed
+@began=$$(date +%s); status=0; $(MAKE) --no-print-directory $(1) || status=$$?; \
  awk -v seconds=$$(( $$(date +%s) - began )) 'BEGIN { printf "== make $(1) took %.1f min\n", seconds / 60 }'; exit $$status
endef

test: $(INSTALLED) ## Run all tests, and say how long each part took
	$(call timed,check)
	$(call timed,test-control-plane)
	$(call timed,test-e2e)

check: $(INSTALLED) lint types imports ## Run what needs no tools: lint, types, import rules, quick tests
	@$(BIN)/pytest -q --numprocesses auto -m "not control_plane and not e2e"

test-tools: test-control-plane test-e2e ## Run the tests that need the tools, on the real control plane and engine

test-control-plane: $(INSTALLED)
	@$(BIN)/python -m local tools > /dev/null
	@$(BIN)/pytest -q -m control_plane

test-e2e: $(INSTALLED)
	@$(BIN)/python -m local tools > /dev/null
	@$(BIN)/pytest -q -m e2e

lint: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(INSTALLED) ## Format the code and fix what can be fixed
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

types: $(INSTALLED)
	@$(BIN)/mypy --no-error-summary

imports: $(INSTALLED)
	@report=$$($(BIN)/lint-imports 2>&1) || { printf '%s\n' "$$report"; exit 1; }

bench: $(INSTALLED) ## Measure speed and size against their limits
	@$(BIN)/python -m tests.bench

docs: $(INSTALLED) ## Make the reference pages again from the code
	@$(BIN)/python -m mizan.config.reference > docs/reference/stack-file.md.new
	@mv docs/reference/stack-file.md.new docs/reference/stack-file.md
	@$(BIN)/python -m mizan.metrics.reference > docs/reference/series.md.new
	@mv docs/reference/series.md.new docs/reference/series.md

lock: $(INSTALLED) ## Lock requirements.txt again after a change in pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra dev \
	  --no-emit-index-url --no-annotate --no-header pyproject.toml -o requirements.txt

clean: ## Remove the virtual environment and caches of this checkout (built tools stay in the per-user cache)
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info

# The link as a prerequisite: after an upgrade of Python it points nowhere, and everything behind it is gone.
$(INSTALLED): requirements.txt pyproject.toml $(BIN)/python
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON): $$($(PYTHON) --version 2>&1); needs Python 3.11 or newer because the code uses its syntax. Install it, or run make with PYTHON=/path/to/python3.11." >&2; exit 2; }
	@$(PYTHON) -I local/virtual_environment.py

$(BIN)/python: ;
