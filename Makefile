# The README's commands. Everything lands in .venv; nothing else on the machine is touched.
PYTHON ?= python3
PORT ?= 8080
DATA ?= $(CURDIR)/.farm
SEED ?= 1
N ?= 100
ONE_IN ?= 1
VENV := .venv
BIN := $(VENV)/bin
# A run begins a thousand Python programs: what is compiled is kept, whatever the machine's habit is.
export PYTHONDONTWRITEBYTECODE :=
SOURCES := pyproject.toml $(shell git ls-files 'units/*' 'supervisor/*' 'worker/*' 'manager/*' 2>/dev/null)

.PHONY: run test views test-windows conformance conformance-posix conformance-windows conformance-fuzz history check docs pyz bench clean

run: $(VENV)/.run
	FARMHAND_PORT=$(PORT) FARMHAND_DATA=$(DATA) $(BIN)/farmhand run --show-output manager config/farm.yaml

# Side by side, a file at a time; then whole farms, which have the machine to themselves. The last tells all that was skipped.
test: $(VENV)/.dev
	@rm -f build/skips
	$(BIN)/python -m pytest -n auto --dist loadfile --ignore=tests/system --ignore=tests/windows --skips=build/skips $(PYTEST)
	$(BIN)/python -m pytest tests/system --skips=build/skips $(PYTEST)

# A picture of every view of the manager, in both themes and at three widths.
views: $(VENV)/.dev
	$(BIN)/python -m pytest tests/manager/web/test_views.py --shots=build/views $(PYTEST)
	@echo build/views

# What is for Windows, in Windows' Python under Wine (apt-get install wine wine64 maven); where that is: FARMHAND_WINE.
# Then a worker and a supervisor there, with a manager here.
test-windows: $(VENV)/.dev
	$(BIN)/python tests/windows/suite.py $(PYTEST)
	$(BIN)/python -m pytest tests/windows $(PYTEST)

# Every scenario of which it is known what systemd does, with real processes; ONLY= plays those with a text in their id.
conformance: $(VENV)/.run
	$(BIN)/python tests/conformance/conform --only '$(ONLY)'

# The same with nothing that Linux alone has: the platform of macOS and the BSDs.
conformance-posix: $(VENV)/.dev
	$(BIN)/python tests/conformance/conform --platform posix --only '$(ONLY)'

# Those about the life of services, in Windows' Python under Wine; then what was found on each platform. ONE_IN=8 plays a
# share of each family, and ever the same one.
conformance-windows: $(VENV)/.dev
	$(BIN)/python tests/windows/install.py
	$(BIN)/python tests/conformance/conform --platform windows --only '$(ONLY)' --one-in $(ONE_IN)
	$(BIN)/python tests/conformance/conform --table

# Scenarios that nobody thought of, under Farmhand and the real systemd side by side; as root.
conformance-fuzz: $(VENV)/.run
	$(BIN)/python tests/conformance/fuzz.py $(SEED) $(N)
	$(BIN)/python tests/conformance/fuzz.py $(SEED) $(N) --about relations

# A farm with an enemy who kills, stops and cuts off whatever there is, for N seconds; SEED= has other choices made.
history: $(VENV)/.dev
	SEED=$(SEED) SECONDS=$(N) $(BIN)/python -m pytest tests/system/test_history.py -s

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict -p farmhand.units -p farmhand.supervisor -p farmhand.worker -p farmhand.manager
	$(BIN)/mypy --strict --platform win32 -p farmhand.supervisor.platforms.windows -p farmhand.worker
	$(BIN)/pyright
	$(BIN)/pyright --pythonplatform Windows supervisor/platforms/windows worker

docs: $(VENV)/.dev
	$(BIN)/python docs/generate.py
	$(BIN)/sphinx-build -W -q docs build/docs
	@echo build/docs/index.html

pyz: $(VENV)/bin/python
	$(BIN)/python packaging/pyz.py build/farmhand.pyz

bench: $(VENV)/.dev
	$(BIN)/python -m pytest -o addopts=--import-mode=importlib tests/bench -s

clean:
	rm -rf $(VENV) build *.egg-info

# A plain install, not an editable one: what is run and tested is the wheel that users get.
$(VENV)/.run: $(SOURCES) | $(VENV)/bin/python
	$(BIN)/pip install --quiet '.[worker,manager]'
	@touch $@

$(VENV)/.dev: $(SOURCES) | $(VENV)/bin/python
	$(BIN)/pip install --quiet '.[dev]'
	@touch $@ $(VENV)/.run

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
