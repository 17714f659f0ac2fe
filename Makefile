# Everything sets itself up: a virtual environment with pinned versions, and Debian's libraries when root.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
# a real window system without a screen
XVFB := xvfb-run -a -s "-screen 0 1600x1000x24" env QT_QPA_PLATFORM=xcb
BOTH_CORES := -n 2 --dist loadgroup
BENCH ?= tests/benchmarks
# what one core does, whatever else the machine is doing
ONE_THREAD := OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1

.PHONY: run test test-all test-recorded test-long-life test-faults bench lint docs gallery qt clean

run: $(READY)
	@sh requirements/run.sh $(RUN)

test: $(READY) qt
	@$(XVFB) $(RUN) -m pytest $(BOTH_CORES)

test-all: $(READY) qt
	@$(XVFB) $(RUN) -m pytest $(BOTH_CORES) -m "not recorded" --timeout 1800

test-recorded: $(READY)
	@$(RUN) -m pytest -s tests/core -m recorded --timeout 7200

test-long-life: $(READY) qt
	@$(XVFB) $(RUN) -m pytest -s tests/gui/test_long_life.py -m recorded --timeout 14400

test-faults: $(READY) qt
	@$(XVFB) $(RUN) -m pytest tests/faults -m faults --timeout 7200

bench: $(READY) qt
	@$(ONE_THREAD) $(XVFB) $(RUN) -m pytest $(BENCH) -o python_files='bench_*.py' --timeout 900 --benchmark-columns=min,median,rounds

lint: $(READY)
	$(RUN) -m ruff check .

docs: $(READY)
	@$(RUN) -c "import furo, myst_parser" 2>/dev/null || $(RUN) -m pip install --quiet --disable-pip-version-check \
		--constraint requirements/constraints.txt --requirement requirements/documentation.txt
	@rm -rf build/docs
	@QT_QPA_PLATFORM=offscreen $(RUN) -m sphinx -b html -q -W --keep-going docs build/docs/html
	@echo "The manual is in build/docs/html/index.html"

gallery: $(READY) qt
	@xvfb-run -a -s "-screen 0 3200x2000x24" env QT_QPA_PLATFORM=xcb $(RUN) docs/make_gallery.py

$(READY): pyproject.toml requirements/constraints.txt requirements/development.txt
	@sh requirements/environment.sh $(PYTHON) $(VENV)

qt:
	@sh requirements/qt_libraries.sh --xvfb

clean:
	rm -rf $(VENV) build docs/reference demo .pytest_cache .ruff_cache .benchmarks
