# Needs only make and python3 (3.11 or newer); everything else is installed into .venv.

PORT ?= 8000
ARGS ?=
PYTHON ?= python3
PY := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help run test chaos lint format bench messages clean

help: ## Show what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: .venv/installed ## Start Syncstatus with sample data; PORT=8000, ARGS="options of manage.py run"
	@$(PY) manage.py run --port $(PORT) $(ARGS)

test: .venv/installed-dev ## Run the tests; ARGS="options of pytest"
	@$(PY) -m pytest $(ARGS)

chaos: .venv/installed-dev ## Kill and break everything, then check what is promised; SEED=7 KILLS=500 MINUTES=60
	@$(PY) -m tests.faults.chaos $(if $(SEED),--seed $(SEED)) $(if $(KILLS),--kills $(KILLS)) \
	  $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

lint: .venv/installed-dev ## Check style, types, imports, templates and migrations
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	@# djlint hands its patterns to other processes, which those of re2 do not survive; without it, it takes Python's.
	$(PY) -c "import sys; sys.modules['re2'] = None; from djlint import main; main()" --lint templates
	$(PY) manage.py makemigrations --check --dry-run

format: .venv/installed-dev ## Bring the source files into shape
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: .venv/installed-dev ## Measure what has to be fast; ARGS="options of python -m bench"
	@$(PY) -m bench $(ARGS)

messages: .venv/installed-dev ## Collect and compile the translations (needs gettext)
	$(PY) manage.py makemessages --locale fr --no-location --no-obsolete --no-wrap --ignore .venv --ignore .data
	$(PY) manage.py compilemessages --ignore .venv

clean: ## Delete .venv and the caches; data stay
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# An interpreter that is gone (upgraded, or the folder was moved) makes the whole environment useless.
ifneq ($(shell $(PY) -c 'print("works")' 2>/dev/null),works)
.PHONY: .venv/installed
endif

.venv/installed: requirements.txt requirements-embedded.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Syncstatus needs Python 3.11 or newer; '$(PYTHON)' is missing or older. Name another: make PYTHON=python3.12" >&2; \
	  exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv >/dev/null || { \
	  rm -rf .venv; \
	  echo "Python's venv module is incomplete. On Debian and Ubuntu: apt-get install python3-venv" >&2; \
	  exit 1; }
	@echo "Installing requirements into .venv"
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-input --compile -r requirements.txt -r requirements-embedded.txt
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	@echo "Installing requirements for development into .venv"
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-input --compile -r requirements-dev.txt
	@touch $@
