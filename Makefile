# Every target makes what it needs: a fresh clone and Python 3.11 are enough.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test torture lint format servers shell bench demo-reset lock clean

PYTHON := .venv/bin/python
FOR_RUN := .venv/installed/run node_modules/.installed-run
FOR_BENCH := .venv/installed/bench bench/node_modules/.installed-all
FOR_TEST := .venv/installed/test node_modules/.installed-all

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(FOR_RUN) ## Start the portal with a simulated fleet on http://localhost:8000 (PORT=…, DATA_DIR=…, DEMO=0)
	@exec $(PYTHON) manage.py run

test: $(FOR_TEST) servers ## Check style and types, pass the tests on the embedded parts and on PostgreSQL, Redis, Mosquitto
	@setup/test.sh

torture: $(FOR_TEST) servers ## Kill workers and servers under load for a quarter of an hour: nothing may be lost
	@setpriv --pdeathsig TERM $(PYTHON) -m pytest --on=servers --torture -o faulthandler_timeout=1200 -n 0 -v tests/flows/test_outages.py

lint: .venv/installed/test ## Check style and types
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy .

format: .venv/installed/test ## Put the code into the house style
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

servers: ## Make sure that what the tests start is installed: PostgreSQL, Redis, Mosquitto, Chromium
	@setup/servers.sh

shell: $(FOR_RUN) ## Open a Python shell on the portal's data
	@exec $(PYTHON) manage.py shell

demo-reset: $(FOR_RUN) ## Throw the demo's data away and write it anew
	@exec $(PYTHON) manage.py seed_demo --reset

bench: $(FOR_TEST) $(FOR_BENCH) servers ## Measure ingest, history and pushes against the budgets
	@exec $(PYTHON) -m bench

lock: ## Pin the newest allowed versions in requirements/*.txt and package-lock.json
	@setup/lock.sh --upgrade

clean: ## Remove everything the other targets made, except the data in var/
	rm -rf .venv node_modules bench/node_modules staticfiles .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed/run: requirements/run.txt
	@setup/venv.sh run

.venv/installed/test: requirements/test.txt .venv/installed/run
	@setup/venv.sh test

.venv/installed/bench: requirements/bench.txt .venv/installed/test
	@setup/venv.sh bench

node_modules/.installed-run: package-lock.json .npmrc | .venv/installed/run
	@setup/npm.sh --omit=dev

node_modules/.installed-all: package-lock.json .npmrc | .venv/installed/run
	@setup/npm.sh

bench/node_modules/.installed-all: bench/package-lock.json bench/.npmrc | .venv/installed/run
	@setup/npm.sh --prefix=bench
