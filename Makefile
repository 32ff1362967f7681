# Each target works on a fresh machine with Python 3.11 or later and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 8080

.DEFAULT_GOAL := help
.PHONY: help run dev prod doctor migrate install test format ngrok lock

help:            ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install     ## run Ava; with no settings everything is embedded
	@$(BIN)/python run.py

dev: install     ## run Ava and start it again at every change
	@$(BIN)/watchfiles --filter python "$(BIN)/python run.py" bot run.py

prod: $(VENV)/.prod    ## run Ava as it runs in production, with the settings of your .env
	@APP_ENV=production $(BIN)/python run.py

doctor: $(VENV)/.prod    ## look at what your .env configures, and say what to do about it
	@$(BIN)/python run.py doctor

migrate: install ## bring the database up to date
	@$(BIN)/python run.py migrate

install: $(VENV)/.dev  ## everything that running and testing needs, in .venv

test: install    ## what has to pass: format, lint, types, tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/pytest

format: install  ## format the code and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

ngrok: install   ## let the internet reach your desk (wants an account: NGROK_AUTHTOKEN)
	@$(BIN)/ngrok http $(PORT)

lock: install    ## pin every dependency with its hashes again
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --quiet --output-file requirements.txt
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --quiet --output-file requirements-dev.txt

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Ava needs Python 3.11 or later: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.dev: requirements-dev.txt | $(BIN)/python
	@echo "Installing into $(VENV) (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/.prod: requirements.txt | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@
