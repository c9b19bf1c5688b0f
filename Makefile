# Everything that a change must pass. Needs cargo (rustup installs the rest) and nothing else.

.PHONY: test format lint unit doc

test: format lint unit doc

format:
	cargo fmt --all --check

lint:
	cargo clippy --workspace --all-targets --locked -- -D warnings

unit:
	cargo test --workspace --locked

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# deltarule beside its peers, in an environment of its own; writes benchmarks/results.md. Needs Python 3.11 or later.
.PHONY: bench
bench:
	cargo build --release --locked
	python3 -m venv benchmarks/.venv
	benchmarks/.venv/bin/pip install --quiet --requirement benchmarks/requirements.txt
	benchmarks/.venv/bin/python benchmarks/run.py
