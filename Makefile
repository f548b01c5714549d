# Everything starts from a plain Debian 12 machine: make, and Python 3.11 with venv (installed below when root).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OUT ?= runs/tiny

.PHONY: proofs audit smollm2 test test-long lint verify coverage estimators docs readme peers setup clean

audit: setup  ## the main job on the tiny preset; report in runs/tiny/report.html
	$(BIN)/mari audit --preset tiny --out $(OUT) $(if $(wildcard $(OUT)/config.yaml),--resume)

smollm2: setup  ## the same on SmolLM2-135M
	$(BIN)/mari audit --preset smollm2 --out runs/smollm2 $(if $(wildcard runs/smollm2/config.yaml),--resume)

test: setup  ## fast tests, doctests included
	$(BIN)/python -m pytest -n 2

test-long: setup  ## the statistical and training tests that take minutes
	$(BIN)/python -m pytest -n 2 -m long

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

proofs: setup  ## compile and re-check the Coq proofs; installs Coq where it may
	@command -v coqc >/dev/null || (apt-get update -qq && apt-get install -y -qq --no-install-recommends coq libcoq-coquelicot libcoq-interval)
	$(BIN)/python -m proofs.formal

setup: $(STAMP)

# torch first and alone: the version is pinned, and other packages then find it satisfied.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c "import venv, ensurepip" 2>/dev/null || (apt-get update && apt-get install -y --no-install-recommends python3 python3-venv)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -c constraints.txt torch
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[llm,proofs,test]'
	@touch $(STAMP)

clean:
	rm -rf $(VENV) runs build *.egg-info
