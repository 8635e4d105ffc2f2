# The verbs of this checkout; tools/setup.py does the work. `make` alone lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Python 3.11 or newer: the environment's own, else the first on PATH that is new enough.
PYTHON ?= $(shell for p in .venv/bin/python python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$p" -S -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
SETUP = $(if $(strip $(PYTHON)),$(PYTHON) tools/setup.py,$(error Samovar needs Python 3.11 or newer, and none was found. \
	Debian, Ubuntu: sudo apt install python3 python3-venv. macOS: brew install python@3.13. \
	Elsewhere: name one, make PYTHON=/path/to/python3))

.PHONY: help run install test test-live web-test check format golden browser web bench bench-gateway bench-ingest bench-import bench-embedding bench-search bench-find bench-long-chat stand-in build screenshots lock docs clean

help: ## list the verbs
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 22

run: ## prepare everything and start Samovar (ARGS="--port 7000")
	@trap : INT; $(SETUP) run $(ARGS) || { status=$$?; [ $$status -eq 130 ] || exit $$status; }

install: ## prepare everything, start nothing
	@$(SETUP) install

test: ## run the whole fast suite (ARGS="tests/unit -k name")
	@$(SETUP) test $(ARGS)

web-test: ## run the web app's tests alone
	@$(SETUP) npm test

test-live: ## the same promises kept by real servers (installs vLLM: 4 GB, minutes)
	@$(SETUP) python -m tools.live $(ARGS)

check: ## formatting, lint, types, imports, web types, documents
	@$(SETUP) check $(ARGS)

format: ## put the code into its form
	@$(SETUP) python -m ruff format .
	@$(SETUP) python -m ruff check --fix-only --quiet .

golden: ## rewrite the golden files; read the difference afterwards
	@SAMOVAR_WRITE_GOLDEN=1 $(SETUP) python -m pytest tests/golden $(ARGS)

browser: ## run the browser tests alone (needs a Chromium)
	@REQUIRE_BROWSER=1 $(SETUP) test -m browser $(ARGS)

web: ## build the web app if its sources changed
	@$(SETUP) web

bench: web ## measure; a table, and JSON in bench/results
	@$(SETUP) python -m bench $(ARGS)

bench-gateway: ## measure the gateway with up to 1,000 streams (ARGS="--streams 16 256")
	@$(SETUP) python -m bench.gateway $(ARGS)

bench-ingest: ## measure the reading of documents (ARGS="--only speed --rounds 5")
	@$(SETUP) python -m bench.ingest $(ARGS)

bench-embedding: ## measure the making of vectors, and what a chat notices of it (ARGS="--rounds 15")
	@$(SETUP) python -m bench.embedding $(ARGS)

bench-import: ## measure the import of a large export (ARGS="--size-mb 200 --chat-mb 10")
	@$(SETUP) python -m bench.importing $(ARGS)

bench-search: ## measure how the cost of a search grows (ARGS="--sizes 10000 100000"; a million takes half an hour)
	@$(SETUP) python -m bench.search $(ARGS)

bench-context: ## count what is still known of a long chat by each strategy (ARGS="--seeds 1 2 3")
	@$(SETUP) python -m bench.context $(ARGS)

bench-find: ## measure finding among 100,000 messages (ARGS="--messages 20000")
	@$(SETUP) python -m bench.find $(ARGS)

bench-long-chat: ## measure the opening of a chat of 10,000 messages (ARGS="--rounds 100")
	@$(SETUP) python -m bench.long_chat $(ARGS)

stand-in: ## stand in for a model server (ARGS="ollama --port 11434")
	@$(SETUP) python -m tools.stand_ins $(ARGS)

build: ## build the wheel into dist/
	@$(SETUP) python -m pip wheel --quiet --no-deps --wheel-dir dist .
	@ls -l dist/*.whl

screenshots: web ## take the pictures of the README anew
	@$(SETUP) python tools/screenshots.py $(ARGS)

docs: ## write the generated pages of docs/reference anew
	@$(SETUP) python tools/errors_reference.py --write
	@$(SETUP) python tools/settings_reference.py --write
	@$(SETUP) python tools/cli_reference.py --write

lock: ## write the lock files anew (needs uv; ARGS=--upgrade)
	@$(SETUP) python tools/lock.py $(ARGS)

clean: ## remove what was built and installed here; your data stays
	@rm -rf .venv build dist web/node_modules src/samovar/static .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
