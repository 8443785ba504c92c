# Every target does its own set-up: a fresh machine needs Python >= 3.11 with venv, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-quick test-slow check fmt lock grafana bench-core bench-elasticity bench-drain bench-reaction bench-start bench-wrap soak clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: $(PYTHON) must be Python 3.11 or newer with venv (Debian: apt-get install python3-venv); or set PYTHON=" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(VENV)/.ready ## Show it: the whole stack under load, scaled up and down again (KEEP=1 leaves it running)
	$(BIN)/python -m deploy.demo

# Tests start Python often: bytecode that is kept saves a third of their time. Most tests on the engine wait, so that there
# are more workers than cores. What takes long by its nature is measured alone.
export PYTHONDONTWRITEBYTECODE :=
PYTEST := $(BIN)/python -m pytest -n
QUICK_WORKERS ?= 3
WORKERS ?= 4

test: $(VENV)/.ready ## Run every test that is not slow, those on a real engine, Traefik, Prometheus and HAProxy too
	$(PYTEST) $(QUICK_WORKERS) tests/core --cov=autoscaler/core --cov-branch --cov-fail-under=100
	$(PYTEST) $(WORKERS) -m "not slow" --ignore=tests/core --durations=10

test-quick: $(VENV)/.ready ## Run the tests that need no engine and no browser
	$(PYTEST) $(QUICK_WORKERS) -m "not engine and not slow"

test-slow: $(VENV)/.ready ## Run what takes long by its nature, and every example of the properties
	$(PYTEST) 2 -m "hypothesis and not engine" --hypothesis-profile=thorough
	$(BIN)/python -m pytest -m slow --durations=10

check: $(VENV)/.ready ## Lint, types, import contracts, dead links in the docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --quiet tests/docs

fmt: $(VENV)/.ready ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/.ready ## Make the lock files anew from pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-strip-extras \
	  --upgrade --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-strip-extras \
	  --upgrade --group dev --constraints requirements.lock --output-file requirements-dev.lock pyproject.toml

grafana: $(VENV)/.ready ## Make the dashboards and alert rules in config/ anew from deploy/grafana
	$(BIN)/python -m deploy.grafana

bench-core: $(VENV)/.ready ## Time and weigh one decision over 24 simulated hours -> build/bench/core.json
	$(BIN)/python -m benchmarks.core

START ?= 20
PEAK ?= 24
HOURS ?= 24
SEEDS ?= 2
bench-elasticity: $(VENV)/.ready ## Compare with HPA, KPA and Nomad on TRACES=DIR [START=20] [PEAK=24] [HOURS=24] [SEEDS=2]
	@test -n "$(TRACES)" || { echo "make: name a folder of CSV files (timestamp_s,requests_per_s): make bench-elasticity TRACES=DIR" >&2; exit 2; }
	$(BIN)/python -m benchmarks.elasticity "$(TRACES)" --start $(START) --peak $(PEAK) --hours $(HOURS) --seeds $(SEEDS)

bench-drain: $(VENV)/.ready ## Lose no request: replicas drained under load, and plainly stopped -> build/bench/drain.json
	$(BIN)/python -m benchmarks.drain

bench-reaction: $(VENV)/.ready ## Time every second from a step of the load to a new replica's first answer -> build/bench/reaction.json
	$(BIN)/python -m benchmarks.reaction

bench-start: $(VENV)/.ready ## Time the start of help, status and completion, and their imports -> build/bench/start.json
	$(BIN)/python -m benchmarks.start

bench-wrap: $(VENV)/.ready ## Measure what the probes of clones cost the engine -> build/bench/wrap.json
	$(BIN)/python -m benchmarks.wrap

MINUTES ?= 20
SEED ?= 0
soak: $(VENV)/.ready ## Kill two daemons and let their calls fail under load [MINUTES=20] [SEED=1; 0: a new one] -> build/bench/soak.json
	$(BIN)/python -m benchmarks.soak --minutes $(MINUTES) --seed $(SEED)

clean: ## Remove what the other targets made in this directory
	rm -rf $(VENV) build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache *.egg-info
