# Two commands do the work: `make run` and `make test`. Each sets itself up on a machine with Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
WORKERS ?= 2
# tests commit thousands of times: in memory where there is room for it; what measures, and what is slow, stays on the disk
IN_MEMORY := $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 6000000 { print "TMPDIR=/dev/shm" }')

# a hundred processes are started by a run of the tests: each would compile all modules anew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test test-pure test-slow kill soak feed-race bench lint types imports check serve-demo lock messages clean

help: ## Show the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(VENV)/python-checked:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "需要 Python 3.11 以上 / Python 3.11 or newer is needed (make PYTHON=python3.12 …)"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/server-ready: $(VENV)/python-checked requirements/server.lock setup.cfg
	@echo "正在安装（约一分钟）/ installing, about a minute …"
	@$(BIN)/python -m pip --disable-pip-version-check install -q --require-hashes -r requirements/server.lock
	@$(BIN)/python -m pip --disable-pip-version-check install -q --no-deps -e .
	@touch $@

$(VENV)/dev-ready: $(VENV)/python-checked requirements/dev.lock setup.cfg
	@echo "正在安装测试工具（约两分钟）/ installing the test tools, about two minutes …"
	@$(BIN)/python -m pip --disable-pip-version-check install -q --require-hashes -r requirements/dev.lock
	@$(BIN)/python -m pip --disable-pip-version-check install -q --no-deps -e .
	@touch $(VENV)/server-ready $@

run: $(VENV)/server-ready ## Start the whole service on SQLite with made-up data, and print where to look
	@$(BIN)/creditsvc trial

test: $(VENV)/dev-ready ## Everything that every change must pass
	$(IN_MEMORY) $(PYTEST) -n $(WORKERS) --dist loadgroup -m "not slow and not benchmark"

test-pure: $(VENV)/dev-ready ## The pure law alone: seconds
	$(IN_MEMORY) DEPTH=0.05 $(PYTEST) -q tests/kernel tests/rules tests/wire tests/inbound -m "not slow"

test-slow: $(VENV)/dev-ready ## The long proofs
	$(PYTEST) -m slow

kill: $(VENV)/dev-ready ## Kill loops, long form
	$(PYTEST) -m "kill"

feed-race: $(VENV)/dev-ready ## Sixteen writers, rollbacks, twenty kills: missed 0, doubled 0, gaps 0
	$(PYTEST) -q -s -p no:xdist tests/sync/test_feed_race.py -m "slow"

bench: $(VENV)/dev-ready ## Speed and memory beside a baseline of the same run
	$(PYTEST) -m benchmark -s -p no:xdist --durations=0 tests/benchmarks

lint: $(VENV)/dev-ready ## Style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev-ready ## Types, strictly
	$(BIN)/mypy

imports: $(VENV)/dev-ready ## The floors of the house
	$(BIN)/lint-imports --config setup.cfg

messages: $(VENV)/dev-ready ## Collect and compile translations of every package
	@for package in creditsvc repair sync; do $(BIN)/python -m creditsvc.web.translate $$package; done

lock: $(VENV)/dev-ready ## Pin again from setup.cfg (hashes, no addresses)
	@$(BIN)/python -m pip install -q uv
	@for extra in server dev; do $(BIN)/uv pip compile -q setup.cfg --extra $$extra --extra pdf --extra oidc --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements/$$extra.lock; done

clean: ## Remove the environment; data in var/ stay
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache
