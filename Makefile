# Everything one needs, one word each; `make` alone lists the words.
# Every target sets up .venv by itself (tools/setup.sh) and, once that is done, needs no network.
#
#   make PYTHON=/opt/python3.12/bin/python3 test            with this Python
#   make TORCH_INDEX=https://download.pytorch.org/whl/cpu   with the small CPU build of torch (Linux)
#   make JOBS=4 test                                        with four test processes
#   make UNITS=02_bptt lab                                  only this unit

PYTHON ?=
TORCH_INDEX ?=
JOBS ?= 2
UNITS ?=

BIN := .venv/bin
READY := .venv/.ready
AS_ROOT = $(if $(filter 0,$(shell id -u)),--allow-root) # as in a container; JupyterLab refuses else
PYTEST := $(BIN)/python -m pytest

# One thread per process: the arrays are small, and two threads on two busy cores are slower than one.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo lab test test-all lint format bench bench-long pins clean clean-venv

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## only make .venv with everything pinned in constraints.txt

# The one stamp: younger than the pins when, and only when, the whole install went through.
$(READY): pyproject.toml constraints.txt
	@PYTHON='$(PYTHON)' TORCH_INDEX='$(TORCH_INDEX)' sh tools/setup.sh $(READY)

demo: $(READY) ## grade a class of sixteen and show the reports
	@$(BIN)/autograder demo

lab: $(READY) ## take the course: copy the notebooks to work/ (never over yours) and open JupyterLab there
	@$(BIN)/autograder start $(UNITS)
	@$(BIN)/python -m jupyterlab --ServerApp.root_dir=work $(AS_ROOT)

test: lint ## ruff, mypy, and all tests but those marked slow or gpu
	@$(PYTEST) -n $(JOBS) --dist loadfile -m "not slow and not gpu"

test-all: lint ## the same, slow and gpu tests included
	@$(PYTEST) -n $(JOBS) --dist loadfile

lint: $(READY) ## ruff and mypy
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m mypy

format: $(READY) ## let ruff lay out the code
	@$(BIN)/python -m ruff format .
	@$(BIN)/python -m ruff check --fix .

bench: $(READY) ## how long check and grade take here, what the sandbox costs, a class against nbgrader's time
	@$(BIN)/python benchmarks/latency.py
	@$(BIN)/python benchmarks/char_lm.py
	@$(BIN)/python benchmarks/sandbox.py --repeats 10 --no-torch
	@$(BIN)/python benchmarks/class_grading.py --quick

bench-long: $(READY) ## unit 5's tables from many trainings: which thresholds, which cell and door; an hour or more
	@$(BIN)/python benchmarks/captioning_ablation.py
	@$(BIN)/python benchmarks/captioning_thresholds.py

pins: $(READY) ## write constraints.txt anew from what .venv holds
	@$(BIN)/python tools/pins.py

clean: ## remove caches and the demo; work/, submissions, gradebook, feedback and salt stay
	rm -rf build dist unrolled.egg-info demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -path ./.venv -prune -o -path ./work -prune -o -path ./submitted -prune -o \
	  -type d -name __pycache__ -prune -exec rm -rf {} +

clean-venv: ## remove .venv; the next target makes it again (needs the network)
	rm -rf .venv
