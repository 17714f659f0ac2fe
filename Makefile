# Everything sets itself up: a virtual environment with pinned versions, and Debian's libraries when root.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
# a real window system without a screen
XVFB := xvfb-run -a -s "-screen 0 1600x1000x24" env QT_QPA_PLATFORM=xcb

.PHONY: run test test-all test-recorded test-faults bench lint screenshots qt clean

run: $(READY)
	@sh requirements/run.sh $(RUN)

test: $(READY) qt
	@$(XVFB) $(RUN) -m pytest

test-all: $(READY) qt
	@$(XVFB) $(RUN) -m pytest -m "not recorded" --timeout 1800

test-recorded: $(READY)
	@$(RUN) -m pytest -s -m recorded --timeout 7200

test-faults: $(READY) qt
	@$(XVFB) $(RUN) -m pytest tests/faults -m faults --timeout 7200

bench: $(READY) qt
	@$(XVFB) $(RUN) -m pytest tests/benchmarks -o python_files='bench_*.py' --timeout 1800 \
		--benchmark-columns=min,median,rounds

lint: $(READY)
	$(RUN) -m ruff check .

screenshots: $(READY) qt
	@$(XVFB) $(RUN) docs/make_screenshots.py

$(READY): pyproject.toml requirements/constraints.txt requirements/development.txt
	@sh requirements/environment.sh $(PYTHON) $(VENV)

qt:
	@sh requirements/qt_libraries.sh --xvfb

clean:
	rm -rf $(VENV) demo .pytest_cache .ruff_cache .benchmarks
