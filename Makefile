# The targets for developers and CI.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
LOCK := requirements/development.txt
# `make bench` compares with packages that need an older boto3, installed in a separate folder.
BENCH_LOCK := requirements/benchmarks.txt
BENCH_PACKAGES := build/bench/packages

# uv must not download interpreters; everything comes from the package index.
export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE ?= copy
# As in pip: use the system's certificate authorities, for example a company's own.
export UV_SYSTEM_CERTS ?= true
# Without bytecode on disk each Python process below would recompile Airflow, which costs seconds of CPU.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo ui test coverage matrix bench check docs format lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## Train on a real table and register the best model with its card, in a real Airflow
	@$(BIN)/python -m demo.run

ui: $(INSTALLED) ## Start a full local Airflow with the DAGs and the emulator, until Ctrl-C
	@$(BIN)/python -m demo.ui

# Two processes use two cores; the others run tests that mostly wait for a live Airflow.
test: $(INSTALLED) ## Run the whole test suite (FAST=1: only unit tests and a smoke test, in minutes)
	$(BIN)/python -m pytest --dist loadscope --numprocesses $(if $(FAST),2 -m "smoke or not (emulator or live or aws)",4)

coverage: $(INSTALLED) ## Run all tests with line coverage of all processes; takes a third longer
	$(BIN)/python -m pytest --cov --cov-report=term --numprocesses 2 --dist loadscope

matrix: $(INSTALLED) ## Test the supported versions and the built package (ONLY=wheel: the part that CI runs)
	@# Ten environments of a gigabyte share their files with uv's cache if it is on the same disk.
	UV_LINK_MODE=hardlink $(BIN)/nox $(if $(ONLY),--tags $(ONLY))

bench: $(INSTALLED) $(BENCH_PACKAGES)/.installed ## Run the benchmarks; results are ratios within one run (WAITING=20,200: fewer waiting tasks; MILLIONS=4: rows to score)
	@$(BIN)/python -m benchmarks.validation
	@$(BIN)/python -m benchmarks.imports
	@$(BIN)/python -m benchmarks.calls
	@$(BIN)/python -m benchmarks.emulator
	@$(BIN)/python -m benchmarks.scoring $(MILLIONS)
	@$(BIN)/python -m benchmarks.evaluation $(MILLIONS)
	@$(BIN)/python -m benchmarks.waiting $(WAITING)

check: $(INSTALLED) docs ## Check format, lint, types, import contracts and the documentation
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(INSTALLED) ## Build the HTML documentation: build/docs/index.html
	$(BIN)/sphinx-build -W -n --quiet --fresh-env --doctree-dir build/doctrees docs build/docs

format: $(INSTALLED) ## Format the code and fix what can be fixed
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lock: $(INSTALLED) ## Update the locked requirements
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras --group dev \
		--generate-hashes --upgrade --no-emit-index-url --no-emit-find-links --quiet \
		--custom-compile-command "make lock" --output-file $(LOCK)
	@mkdir -p build
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras --group test \
		--constraint requirements/oldest.in --exclude-newer 2026-08-13 --exclude-newer-package moto=2026-11-01 \
		--generate-hashes --upgrade --no-annotate --no-emit-index-url --no-emit-find-links --quiet \
		--custom-compile-command "make lock" --output-file requirements/oldest.txt
	$(BIN)/uv pip compile pyproject.toml --resolution lowest-direct --python-version 3.11 --all-extras \
		--no-annotate --no-emit-index-url --no-emit-find-links --quiet --output-file build/lowest.txt
	$(BIN)/uv pip compile pyproject.toml --python-version 3.11 --all-extras --group test --constraint build/lowest.txt \
		--generate-hashes --upgrade --no-annotate --no-emit-index-url --no-emit-find-links --quiet \
		--custom-compile-command "make lock" --output-file requirements/lowest.txt
	sed -nE '/^(boto|s3transfer)/d; s/^([a-z0-9].*==.*) \\$$/\1/p' $(LOCK) > build/constraints.txt
	$(BIN)/uv pip compile benchmarks/requirements.in --universal --python-version 3.11 --constraint build/constraints.txt \
		--generate-hashes --upgrade --no-annotate --no-emit-index-url --no-emit-find-links --quiet \
		--custom-compile-command "make lock" --output-file $(BENCH_LOCK)
	for wanted in requirements/foreign/*.in; do \
		$(BIN)/uv pip compile $$wanted --universal --python-version 3.11 \
			--generate-hashes --upgrade --no-annotate --no-emit-index-url --no-emit-find-links --quiet \
			--custom-compile-command "make lock" --output-file $${wanted%.in}.txt || exit 1; \
	done

clean: ## Remove all build results, including the environment
	rm -rf $(VENV) .nox build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else \
		f"Python 3.11, 3.12 or 3.13 is needed, not {v[0]}.{v[1]}; try: make PYTHON=python3.12 ...")'
	@# An environment whose creation was interrupted has no pip.
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { rm -rf $(VENV); $(PYTHON) -m venv $(VENV); } || \
		{ rm -rf $(VENV); echo "On Debian: apt install python3-venv" >&2; exit 1; }
	@echo "Installing the locked requirements into $(VENV) ..."
	@awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' $(LOCK) > $(VENV)/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes $(LOCK)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(BENCH_PACKAGES)/.installed: $(BENCH_LOCK) $(INSTALLED)
	@echo "Installing the packages that the benchmarks compare with into $(BENCH_PACKAGES) ..."
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --target $(BENCH_PACKAGES) --require-hashes $(BENCH_LOCK)
	@touch $@
