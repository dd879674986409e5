# Every target runs in the active environment; `make venv` makes one in .venv.
PYTHON ?= python

.DEFAULT_GOAL := help
.PHONY: help venv check test coverage optimized props mutants explore mutation faults faults-long bench bench-quick docs

help: ## what there is to run
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST)

venv: ## an environment with everything in it, in .venv
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install -e ".[dev]"
	@echo "Now: . .venv/bin/activate"

check: ## format, lint, types, direction of imports
	$(PYTHON) tools/check.py

test: ## everything that is not marked long, with the README and the docs
	$(PYTHON) -m pytest

coverage: ## the tests, then 100 % of lines and branches of the pure files
	PYTEST_ADDOPTS="--cov --cov-report=" $(PYTHON) -m pytest
	$(PYTHON) tools/pure_coverage.py

optimized: ## the rules under python -O, where assert statements are gone
	$(PYTHON) -O tests/optimized/rules_without_asserts.py
	$(PYTHON) -O -m pytest tests/unit

props: ## the laws, on many more generated examples
	$(PYTHON) -m pytest -m props --hypothesis-profile=long

mutants: ## every seeded bug against the property of its own invariant
	$(PYTHON) -m tests.mutants

explore: ## every reachable state of one promise, in two small worlds
	$(PYTHON) -m commitments.testing.explorer

mutation: ## the rules changed on purpose, one change at a time; every survivor has its reason
	$(PYTHON) tools/mutation.py

faults: ## killed processes, stopped databases, full disks: what every push goes through
	$(PYTHON) -m pytest -m "faults and not long" tests/faults

faults-long: ## the same for about ten minutes, with thousands of kills and a standby that takes over
	$(PYTHON) -m pytest -m faults -rP tests/faults

bench: ## what everything costs, against the same written by hand and against other libraries
	$(PYTHON) -m benchmarks
	$(PYTHON) -m benchmarks --table

bench-quick: ## the rows marked with a star, in less than a minute
	$(PYTHON) -m benchmarks --quick

docs: ## the documentation, into site/; a broken link fails
	$(PYTHON) -m mkdocs build --strict

generate: ## the tables and diagrams in the docs, written anew from the code
	$(PYTHON) -m tools.draw_lifecycle
	$(PYTHON) -m tools.write_reference
	$(PYTHON) -m benchmarks --table
