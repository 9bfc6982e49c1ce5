# `make demo` sets everything up and shows the main job; `make test` sets everything up and proves it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# pinned and installed first: a looser requirement may choose a build with gigabytes of graphics libraries
TORCH ?= torch==2.13.0
EXTRAS := local,hosted,ui,auth,blend,parquet,postgres,training,dev
STAMP := $(VENV)/.palate-setup
PROFILE ?= demo
TESTS ?= tests
# more than cores: tests also wait for servers, clocks and processes
WORKERS ?= 4
# those that need no arguments
BENCHMARKS ?= $(filter-out app_browser blend million,$(basename $(notdir $(wildcard benchmarks/[a-z]*.py))))
AXE_VERSION := 4.14.1
AXE := $(VENV)/axe/node_modules/axe-core/axe.min.js

.PHONY: help setup demo demo-model ui test test-browser lint check bench constraints

help:
	@echo "make demo    a conversation with the embedded model, everything set up first"
	@echo "make ui      the same in the browser"
	@echo "make test    the whole test suite"
	@echo "make test-browser   the app in a real browser"
	@echo "make lint    format, lint and types"
	@echo "make check   lint, then test"
	@echo "make bench   the figures, as JSON"
	@echo "make demo-model   the embedded model anew, from nothing"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Palate needs Python 3.11 or newer; write: make PYTHON=python3.11 …" >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt $(TORCH)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[$(EXTRAS)]"
	@touch $@

demo: setup
	@$(BIN)/palate demo --profile $(PROFILE)

# from nothing, in about two hours on two cores; a run that was stopped goes on
demo-model: setup
	$(BIN)/python -m training.demo_model --out checkpoints/demo
	$(BIN)/python -m training.evaluate checkpoints/demo --write

ui: setup
	@$(BIN)/palate ui --profile $(PROFILE)

test: setup
	$(BIN)/python -m pytest -n $(WORKERS) -m "not browser" $(TESTS)

# needs Chromium, on the path or in PALATE_CHROMIUM; PALATE_SCREENSHOTS=folder keeps what was seen
test-browser: setup $(AXE)
	@command -v "$${PALATE_CHROMIUM:-chromium}" >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		{ apt-get update && apt-get install --yes --no-install-recommends chromium; } >/dev/null 2>&1; } || \
		echo "There is no Chromium, so these tests are skipped; install it, or name one in PALATE_CHROMIUM." >&2
	$(BIN)/python -m pytest -m "browser and not slow" -rs tests/test_browser*.py

# the rules of accessibility that the pages are checked by
$(AXE): | setup
	@npm install --prefix $(VENV)/axe --no-audit --no-fund --silent axe-core@$(AXE_VERSION) >/dev/null 2>&1 || \
		echo "axe-core could not be installed by npm, so accessibility is not checked." >&2

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .

check: lint test

bench: setup
	@for name in $(BENCHMARKS); do echo "== $$name" >&2; $(BIN)/python -m benchmarks.$$name || exit 1; done

constraints:
	$(BIN)/python .ci/constraints.py >constraints.new && mv constraints.new constraints.txt
