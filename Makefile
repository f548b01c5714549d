# Everything starts from a plain Debian 12 machine: make, and Python 3.11 with venv (installed below when root).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OUT ?= runs/tiny

.PHONY: coq proofs audit smollm2 test types test-long budget lint verify coverage estimators docs readme peers setup clean \
        fuzz wheels matrix browser release-check

audit: setup  ## the main job on the tiny preset; report in runs/tiny/report.html
	$(BIN)/mari audit --preset tiny --out $(OUT) $(if $(wildcard $(OUT)/config.yaml),--resume)

smollm2: setup  ## the same on SmolLM2-135M
	$(BIN)/mari audit --preset smollm2 --out runs/smollm2 $(if $(wildcard runs/smollm2/config.yaml),--resume)

test: setup  ## fast tests, doctests included
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-long: setup  ## the statistical and training tests that take minutes
	$(BIN)/python -m pytest -n 2 --dist worksteal -m long

types: setup  ## the fast tests with shapes and types checked at every call, not only the first ones
	MARI_CHECK_EVERY_CALL=1 $(BIN)/python -m pytest -n 2 --dist worksteal

budget: setup  ## CPU time of the last `make test`, dependencies, names and lines against budget.toml
	$(BIN)/python -m tests.budget

fuzz: setup  ## the long tests of certificates alone: edited files, contradictions, random evidence
	$(BIN)/python -m pytest -n 2 --dist worksteal -m long tests/mari_theory/certificates

wheels: setup  ## build the wheel into dist/ and compare what is in it with the checkout
	rm -f dist/*.whl
	$(BIN)/python -m tests.release.wheel --out dist

matrix: wheels  ## install and use the wheel under every supported Python that is on the path
	$(BIN)/python -m tests.release.matrix dist/*.whl

browser: setup  ## look at a small report and at the page of the theorems, where a browser is installed
	rm -rf runs/release
	$(BIN)/mari audit --config tests/release/audit.yaml --out runs/release
	$(BIN)/mari verify --theorem T1 --theorem T26 --html runs/release/theorems.html
	$(BIN)/python -m tests.release.browser runs/release/report.html runs/release/theorems.html

# `test-long` holds `fuzz`. Nothing of this is part of .ci/run.
release-check: lint test budget types proofs test-long browser matrix  ## everything that is long, before a release
	$(MAKE) docs

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

verify: setup
	$(BIN)/mari verify

coverage: peers  ## 2,000 replicates of every interval on every law, and the peers' beside them
	$(BIN)/python -m benchmarks coverage --out docs/results/coverage.md

estimators: peers  ## speed and accuracy beside the peers, in one run
	$(BIN)/python -m benchmarks estimators --out docs/results/estimators.md

docs: setup  ## every generated block: finished audits and studies of runs/ into docs, their pages, the README's tables
	$(BIN)/python -m docs.generate

readme: docs

peers: setup  ## the libraries we measure ourselves against; nothing else needs them
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[bench]'

coq: | $(BIN)/python  # after it: two package managers at once would lock each other out
	@command -v coqc >/dev/null || (apt-get update -qq && apt-get install -y -qq --no-install-recommends coq libcoq-coquelicot libcoq-interval)

proofs: setup coq  ## compile and re-check the Coq proofs; installs Coq where it may
	$(BIN)/python -m proofs.formal

setup: $(STAMP)

# torch first and alone: the version is pinned, and other packages then find it satisfied.
$(STAMP): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -q -c constraints.txt torch
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[llm,proofs,test]'
	@touch $(STAMP)

$(BIN)/python:
	@$(PYTHON) -c "import venv, ensurepip" 2>/dev/null || (apt-get update && apt-get install -y --no-install-recommends python3 python3-venv)
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf $(VENV) runs build dist *.egg-info
