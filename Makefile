# One command for each thing one does here; `make` alone lists them.

VENV := .venv
BIN := $(VENV)/bin
# The interpreter for .venv: the one that .venv has, else the system's; PYTHON=python3.12 asks for another.
PYTHON ?= $(or $(wildcard $(BIN)/python),python3)
STAMP := $(VENV)/.mailwright-setup
# Everything that ruff and mypy look at. A folder that is not there yet is passed over.
SOURCES := $(wildcard src tests tools bench fuzz examples/make hatch_build.py)
REQUIREMENTS := requirements/dev.txt
# Two processes, as on the smallest machine that runs this in CI; more with `make test JOBS=8`.
JOBS ?= 2
# Further arguments, as in `make test ARGS="-k catalogue"`.
ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: compiled peers suites help setup demo test check bench format lint types imports docs translations translations-check lock clean FORCE

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS="$$(printf '\t')" read -r name text; do \
	    printf '  make %-18s %s\n' "$$name" "$$text"; done

setup: $(STAMP) ## Make .venv with everything pinned (PYTHON=python3.12 to choose the interpreter)
	@$(BIN)/python -m tools.compile

# Asked for another interpreter than .venv has: make it anew.
ifneq ($(origin PYTHON),file)
version_of = $(shell command -v $(1) >/dev/null && $(1) -V)
ifneq ($(call version_of,$(PYTHON)),$(call version_of,$(BIN)/python))
$(STAMP): FORCE
endif
endif

FORCE:

$(STAMP): $(REQUIREMENTS) pyproject.toml hatch_build.py tools/setup.sh
	@PYTHON=$(PYTHON) VENV=$(VENV) REQUIREMENTS=$(REQUIREMENTS) tools/setup.sh
	@touch $@

demo: setup ## Explain some of the bounces in examples/
	@PATH="$(CURDIR)/$(BIN):$$PATH" tools/demo.sh

test: setup ## Run all tests
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

check: setup lint types imports translations-check docs ## Check format, lint, types, imports, translations, manual
	@echo 'check: all is well'

bench: setup ## Measure speed and memory (also of the compiled wheel, after make compiled)
	@$(BIN)/python -m bench $(ARGS)

suites: setup ## Fetch the public test-suites of SPF, DKIM and ARC
	@$(BIN)/python -m tools.suites

peers: setup ## Unpack mail systems that Debian does not install side by side, for the tests (apt-get)
	@$(BIN)/python -m tools.peers

compiled: setup ## Build a wheel with the busiest modules compiled by mypyc (needs gcc and python3-dev)
	@$(BIN)/python -m tools.compiled

format: setup ## Format the code and mend what the linter can mend
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)

lint: setup ## Formatter (looking only) and linter
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)

types: setup ## Strict type check
	@$(BIN)/mypy $(SOURCES)

imports: setup ## Import contracts: rooms and pure rooms
	@$(BIN)/lint-imports --no-logo

docs: setup ## Run the code blocks of the manual
	@$(BIN)/python -m pytest -q tests/house/test_docs.py

translations: setup ## Bring the .po files up to date with catalogue and code
	@$(BIN)/python -m tools.translations extract

translations-check: setup ## Fail on every missing, doubtful or obsolete translation
	@$(BIN)/python -m tools.translations check

lock: setup ## Pin the requirements anew (UPGRADE=1 takes the newest releases)
	@UPGRADE=$(UPGRADE) BIN=$(BIN) tools/lock.sh

clean: ## Remove what was made here, .venv too
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
	find src -name '*.mo' -delete
