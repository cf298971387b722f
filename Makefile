# Footnote: the whole day in a few words. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run setup ask test check golden bench bench-index finetune fit-gate picture clean

PYTHON ?= python3.11
VENV := .venv
PY := $(VENV)/bin/python
NPROC := $(shell nproc 2>/dev/null || echo 2)

# llama.cpp is compiled for this machine's CPU. GCC 12 drops the stores that set up AMX tiles (its _tile_loadconfig names 8 of
# the 64 bytes it reads) and the first prompt ends the process; without dead-store elimination the code is right and as fast.
# The built wheel is cached apart from pip's own cache, under the CPU and the flags it was made for.
LLAMA_FLAGS := -fno-dse
CPU := $(shell (uname -m; grep -m1 -E '^(flags|Features)' /proc/cpuinfo; echo '$(LLAMA_FLAGS)'; cc -dumpversion) 2>/dev/null | cksum | cut -d' ' -f1)
LLAMA_CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/footnote/llama-cpp-$(CPU)

help: ## List these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

run: $(VENV)/.installed ## Answer questions: in Slack if its tokens are set, else in a local workspace in your browser
	@$(PY) -m indexer once
	@$(PY) -m bot prepare
# Programs read .env themselves. Unbuffered, because honcho stopped in the middle of a buffered write loses its children.
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" PYTHONUNBUFFERED=1 exec $(VENV)/bin/honcho --env /dev/null --no-prefix start

setup: $(VENV)/.installed ## Install everything into .venv (the other commands do this themselves)

ask: export QUESTION := $(value Q)
ask: $(VENV)/.installed ## Ask one question in the terminal: make ask Q="how much leave do I get?"
	@test -n "$$QUESTION" || { echo 'Say what to ask: make ask Q="how many days of leave do I get in the UK?"' >&2; exit 2; }
	@$(PY) -m indexer once >/dev/null && $(PY) -m bot ask "$$QUESTION"

test: $(VENV)/.tested ## Run every test, the real model included
	@$(PY) -m pytest

check: $(VENV)/.tested ## What to run before each commit: format, lint, types, contracts, quick tests
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports
	@$(PY) -m pytest -q -m "not model and not slow and not browser"

golden: $(VENV)/.tested ## Write the golden files anew; read the difference like code
	@$(PY) -m pytest -q --rewrite-golden -m golden

bench: $(VENV)/.tested ## Measure speed and quality into docs/benchmarks.md (about 15 minutes; leave the machine alone)
	@$(PY) -m tests.bench

bench-index: $(VENV)/.tested ## Measure refreshes alone, into the same report; WIKI=folder for one of yours as well
	@$(PY) -m tests.bench.refreshing $(if $(WIKI),--wiki "$(WIKI)")

DEMO := data/finetune/demo
finetune: $(VENV)/.installed ## Train a small adapter from the rows about the sample wiki, and compare it (about 15 minutes, a demonstration)
	@$(PY) -m finetune dataset --out $(DEMO)/dataset
	@$(PY) -m finetune train --dataset $(DEMO)/dataset --run $(DEMO)/run --minutes 8 --rank 16 --examples-per-step 8 --dev-examples 60
	@$(PY) -m finetune export --dataset $(DEMO)/dataset --run $(DEMO)/run --trials 2
	@$(PY) -m finetune evaluate $(DEMO)/dataset/dev-questions.jsonl --every 4 --adapter demo=$(DEMO)/run/export/adapter.gguf --out $(DEMO)/evaluation

fit-gate: $(VENV)/.tested ## Fit the confidence gate anew to the rows about the sample wiki (finetune/shipped/calibration.json)
	@$(PY) -m indexer once && $(PY) -m tests.bench.gate

picture: $(VENV)/.tested ## Take the pictures of README and tour anew, in a real browser (docs/pictures; needs pngquant)
	@$(PY) -m tests.browser.tour

clean: ## Remove the virtual environment and caches; the data folder stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(PY):
	@command -v $(PYTHON) >/dev/null || { echo "Footnote needs Python 3.11: apt install python3.11 python3.11-venv, or make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@command -v g++ >/dev/null || { echo "Footnote compiles llama.cpp for this CPU: apt install g++ make" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "A virtual environment could not be made: apt install python3.11-venv" >&2; rm -rf $(VENV); exit 1; }

$(VENV)/.llama: constraints.txt | $(PY)
	@echo "Building llama.cpp for this CPU: about 5 minutes the first time, then cached in $(LLAMA_CACHE)"
	@CMAKE_ARGS="-DCMAKE_CXX_FLAGS=$(LLAMA_FLAGS)" CMAKE_BUILD_PARALLEL_LEVEL=$(NPROC) PIP_CACHE_DIR="$(LLAMA_CACHE)" \
		$(PY) -m pip install --disable-pip-version-check --progress-bar off --no-binary llama-cpp-python -c constraints.txt llama-cpp-python 2>&1 \
		| grep -vE 'WARNING: Location|Looking in|Collecting|Using cached|Downloading|already satisfied' ; exit $${PIPESTATUS[0]}
	@touch $@

$(VENV)/.installed: pyproject.toml constraints.txt $(VENV)/.llama
	@echo "Installing the dependencies"
	@$(PY) -m pip install --disable-pip-version-check -q -c constraints.txt torch==2.13.0 2>&1 | grep -v 'WARNING: Location' ; exit $${PIPESTATUS[0]}
	@$(PY) -m pip install --disable-pip-version-check -q -c constraints.txt --editable . 2>&1 | grep -v 'WARNING: Location' ; exit $${PIPESTATUS[0]}
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	@$(PY) -m pip install --disable-pip-version-check -q -c constraints.txt --editable '.[dev]' 2>&1 | grep -v 'WARNING: Location' ; exit $${PIPESTATUS[0]}
	@touch $@
