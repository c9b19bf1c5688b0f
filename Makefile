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
