# `make` shows the list. Everything is installed into .venv, once per change of pyproject.toml;
# choose the interpreter with `make test PYTHON=python3.12`.

PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>&1)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

.PHONY: help
help: ## Show this list
	@sed -nE 's/^([a-z]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-6s %s\n", $$1, $$2 }'

.PHONY: demo
demo: $(VENV)/demo.stamp ## Train a network on handwritten digits, forward, gradient and update compiled
	@$(BIN)/python examples/digits.py

.PHONY: test
test: lint wheel ## Lint, types, layers, wheel, then every test
	$(BIN)/python -m pytest -n $(WORKERS)

.PHONY: bench
bench: $(VENV)/bench.stamp ## Compare with JAX, torch, numba and numexpr on this machine
	$(BIN)/python benchmarks/run.py

.PHONY: lint
lint: $(VENV)/dev.stamp ## Check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

.PHONY: wheel
wheel: $(VENV)/dev.stamp ## Build sdist and wheel; run the wheel where nothing else of this folder is
	rm -rf build
	mkdir -p build
	$(BIN)/python -m build --outdir build/dist . > build/log 2>&1 || { cat build/log; exit 1; }
	$(BIN)/python -m venv build/venv
	build/venv/bin/python -m pip --quiet --disable-pip-version-check install build/dist/*.whl
	cd build && venv/bin/python -I ../tests/project/smoke.py dist

.PHONY: clean
clean: ## Remove .venv, build and caches
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# torch for the processor only: a tenth of the size of the default one.
$(VENV)/bench.stamp: INDEX := --extra-index-url https://download.pytorch.org/whl/cpu

$(VENV)/%.stamp: pyproject.toml $(VENV)/python-$(VERSION)
	$(PIP) install $(INDEX) --editable '.[$*]'
	@touch $@

$(VENV)/python-$(VERSION):
	@$(PYTHON) -c 'import sys; sys.exit("jitflow needs Python 3.11 or newer; try PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@
