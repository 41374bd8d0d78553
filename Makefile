# Each target first makes the environment where it is missing or older than its list of packages.
VENV ?= .venv
BIN = $(VENV)/bin
PYTHON = $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# mlflow run starts `python`: the environment's must come first
RUN = PATH="$(abspath $(BIN)):$$PATH"

.PHONY: study app ui test coverage bench setup

DATA ?= cifar10.npz

# mlflow run makes a new store table by table, and writes a space in its folder's name as %20
study: setup  ## a small study on scikit-learn's two photographs, then its answer
	$(RUN) python -c "from tracking.store import open_store; open_store(new=True)"
	$(RUN) MLFLOW_TRACKING_URI="$${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db}" mlflow run . --env-manager local -e study --experiment-name photos -P study=photos \
		-P dataset=photos -P architectures=linear,mlp,forest -P fractions=0.03,0.06,0.12,0.25,0.5,1 \
		-P samples=1 -P replicas=3 -P patience=500

app: setup  ## the page, on this machine alone: http://127.0.0.1:8501
	$(RUN) streamlit run app/main.py

ui: setup  ## the study's runs on MLflow's own page
	$(RUN) MLFLOW_TRACKING_URI="$${MLFLOW_TRACKING_URI:-sqlite:///mlflow.db}" python -m tracking.ui

test: setup  ## style, types, and all tests
	$(BIN)/python -m pip install --quiet --editable ".[ray,test]"
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) python -m pytest --numprocesses 2 --dist loadfile

coverage: setup  ## the lines that no test runs; a quarter slower
	$(BIN)/python -m pip install --quiet --editable ".[ray,test]"
	$(RUN) python -m pytest --numprocesses 2 --dist loadfile --cov --cov-report=term

bench: setup  ## the training loop next to the notebook's and a plain one: make bench DATA=cifar10.npz
	$(RUN) python benchmarks/training.py $(DATA)

setup: $(VENV)/installed

$(VENV)/installed: requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or newer is needed and none was found on PATH"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@
