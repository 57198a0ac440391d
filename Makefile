# Each word sets up what it needs first, on a bare machine with Python 3.11 or newer and a network.
PORT ?= 8000

.PHONY: help setup serve demo test test-interop check bench lock
.SILENT:

help:
	echo "make demo    a demonstration full of life, at http://localhost:$(PORT)"
	echo "make serve   an empty install, whose first page makes its owner"
	echo "make test    all tests, browser tests included"
	echo "make test-interop   against programs of other makers: identity providers, learning platforms"
	echo "make check   types, lint, import contracts"
	echo "make bench   speed, beside the machine's own limits; under ten minutes"
	echo "PORT=8001 chooses another port."

setup:
	scripts/setup run

demo: setup
	exec .venv/bin/tertulia demo --port $(PORT)

serve: setup
	exec .venv/bin/tertulia serve --port $(PORT)

test:
	scripts/setup dev
	scripts/test

test-interop:
	scripts/setup dev
	.venv/bin/python tests/chromium.py
	.venv/bin/pytest -q tests/interop

check:
	scripts/setup dev
	scripts/check

bench:
	scripts/setup dev
	scripts/bench

lock:
	scripts/setup dev
	scripts/lock
