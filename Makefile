# Everything that a change must pass. Needs cargo (rustup installs the rest), Python 3.11 or later for what other programs make of
# exported models, and for the page Node.js, Chromium and a Rust compiler for WebAssembly, which `make page` installs on Debian.

.PHONY: test format lint unit sql kernels program page exports python doc

test: format lint unit kernels page exports python doc

format:
	cargo fmt --all --check

# With SQL, whose tests are not part of `make test`: it compiles at least. Needs Rust 1.94.
lint:
	cargo clippy --workspace --all-targets --features deltarule/sql --locked -- -D warnings

unit:
	cargo test --workspace --locked

# The build with SQL and object stores, and its tests. Needs Rust 1.94. DataFusion is as much to compile as all the rest, so the target folder has both builds.
sql:
	cargo test --workspace --features deltarule/sql --locked sql

# A loop over vector registers is quick only where the compiler takes everything that it calls in: a function of its own is not compiled for these
# registers, and nothing but the time would tell. So none is left in an optimised build.
kernels:
	cargo bench -p deltarule-core --bench step --no-run --locked
	step=$$(ls -t $(or $(CARGO_TARGET_DIR),target)/release/deps/step-* | grep -v '\.d$$' | head -n 1); \
	nm --demangle $$step > $(or $(CARGO_TARGET_DIR),target)/kernels.txt || exit 1; \
	if grep -E 'core_arch::x86::(avx|sse|fma)' $(or $(CARGO_TARGET_DIR),target)/kernels.txt; then echo "$$step: these are called, not taken in"; exit 1; fi

# The program as the tests have it: by itself it would have dependencies with other features, which are then compiled anew.
program:
	cargo test --workspace --locked --no-run --quiet

# Exported models in onnxruntime, SQLite, DuckDB and C, in an environment of its own, beside the command's predictions.
EXPORT_VENV = target/export-venv

exports: program $(EXPORT_VENV)/ready
	$(EXPORT_VENV)/bin/python crates/deltarule-export/tests/verify.py $(or $(CARGO_TARGET_DIR),target)/debug/deltarule

$(EXPORT_VENV)/ready: crates/deltarule-export/tests/requirements.txt
	python3 -m venv $(EXPORT_VENV)
	$(EXPORT_VENV)/bin/pip install --quiet --requirement $<
	touch $@

# The page: built, taken into the program, and tried in a real browser beside the command.
BROWSER = crates/deltarule-web/tests/browser

page: $(BROWSER)/node_modules/.package-lock.json
	sh $(BROWSER)/install.sh
	cargo fmt --manifest-path xtask/Cargo.toml --check
	cargo xtask page
	$(MAKE) program
	cd $(BROWSER) && node --test

$(BROWSER)/node_modules/.package-lock.json: $(BROWSER)/package-lock.json
	cd $(BROWSER) && npm ci --no-audit --no-fund

# The Python package: its wheel, installed into an environment of its own, and its tests there. The profile is that of all tests; the wheel's
# dependencies have features of their own, so that most of them are compiled a second time.
PYTHON_CRATE = crates/deltarule-python
PYTHON_VENV = target/python-venv
WHEELS = target/wheels

python: program $(PYTHON_VENV)/ready
	rm -rf $(WHEELS)
	$(PYTHON_VENV)/bin/maturin build --quiet --locked --profile dev --compatibility linux --manifest-path $(PYTHON_CRATE)/Cargo.toml --out $(WHEELS)
	$(PYTHON_VENV)/bin/pip install --quiet --no-deps --force-reinstall $(WHEELS)/*.whl
	DELTARULE=$(abspath $(or $(CARGO_TARGET_DIR),target))/debug/deltarule $(PYTHON_VENV)/bin/python -P -m pytest $(PYTHON_CRATE)/tests

$(PYTHON_VENV)/ready: $(PYTHON_CRATE)/tests/requirements.txt
	python3 -m venv --clear $(PYTHON_VENV)
	$(PYTHON_VENV)/bin/pip install --quiet --requirement $<
	touch $@

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# deltarule beside its peers, in an environment of its own; writes benchmarks/results.md. Needs Python 3.11 or later.
.PHONY: bench
bench:
	cargo build --release --locked
	python3 -m venv benchmarks/.venv
	benchmarks/.venv/bin/pip install --quiet --requirement benchmarks/requirements.txt
	benchmarks/.venv/bin/python benchmarks/run.py
