# `make demo` and `make test` set up by themselves; they need Python 3.11 or newer and a package index.
PYTHON ?= python3
BIN := .venv/bin
TESTS ?= tests
# One process a core; each holds TensorFlow.
WORKERS ?= --numprocesses auto --maxprocesses 4 --dist worksteal

.PHONY: demo test check lint bench lock clean

demo: .venv/ready
	$(BIN)/rnn-zoo demo

test: lint
	$(BIN)/pytest $(WORKERS)

check: lint
	$(BIN)/pytest $(WORKERS) -m "not slow" $(TESTS)

lint: .venv/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# Minutes; the machine should have no other work.
bench: .venv/ready
	$(BIN)/python -m tests.export.benchmark.measure --write tests/export/benchmark/bench.csv
	$(BIN)/python -m tests.export.benchmark.summary

.venv/ready: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# Needs uv; the file it writes names no package index.
lock:
	uv pip compile pyproject.toml --extra tensorflow --extra jax --extra audio --extra notebooks \
		--extra batch --extra subwords --extra baselines --extra control --extra translation \
		--extra vectors --extra tuning --extra music --extra openvino --extra ray --extra dev \
		--universal --python-version 3.11 --generate-hashes --no-header --quiet \
		--output-file requirements.txt

clean:
	rm -rf .venv build
