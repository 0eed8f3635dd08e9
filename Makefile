# make demo    install what is needed, then call the embedded agency and compare with its truth
# make test    install what the tests need, then run them, two at a time, telephones in real time behind the rest;
#              CI=true make test runs those marked slow too, which are left out otherwise
# make check   formatting, types, who may import what, documents
# make bench   how fast the ear is beside its peers (the tone detector: sudo apt-get install libspandsp2); a year's figures
# make situations  500 calls to a far end that is not ours, over networks that lose packets: a table of what was measured
# make pjsua2  build the telephone's library with the system's OpenSSL 3 (a line with TLS wants it) and room for more calls
# make audit   whether a package of requirements.lock has a known weakness
# make lock    write requirements.lock anew from pyproject.toml

MAKEFLAGS += --no-print-directory
BIN := .venv/bin

.PHONY: demo test check bench situations pjsua2 audit lock clean

demo: .venv/complete
	@$(BIN)/thirdring demo demo

test: .venv/complete
	@$(BIN)/python -m pytest -q -m "not realtime" --numprocesses 2 --dist loadfile --no-loadscope-reorder; failed=$$?; \
	  $(BIN)/python -m pytest -q -m realtime --numprocesses 2 --dist loadfile && exit $$failed

check: .venv/complete
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/test_import_table.py tests/test_docs.py tests/test_words.py

# Set on some machines, those two variables slow numpy down.
bench: .venv/complete
	@env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(BIN)/python -m harness.bench

situations: .venv/complete
	@$(BIN)/python tests/situations_run.py

pjsua2: .venv/complete
	@bash .ci/pjsua2/build

# Its own newest self, outside .venv. Strict: one that could not be asked about is no pass.
audit:
	@test -x .cache/audit/bin/pip-audit || { python3 -m venv .cache/audit && .cache/audit/bin/pip install --quiet pip-audit; }
	@.cache/audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.lock

# Needs uv (pip install uv). No address of a package index is written into the file.
lock:
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-header --no-emit-index-url --quiet -o requirements.lock

.venv/complete: requirements.lock pyproject.toml package-lock.json hatch_build.py $(wildcard dsp/compiled/ear*.[ch]) .ci/install
	@bash .ci/install

clean:
	rm -rf .venv demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
