#!/bin/sh
# Installs what the tests of the page need, where it is missing: Chromium, and a Rust compiler for WebAssembly. Only root can do the
# latter on Debian; for others it says what is to be installed.
set -eu

TARGET=wasm32-unknown-unknown

has_compiler() {
    [ -d "$(rustc --print sysroot)/lib/rustlib/$TARGET/lib" ] && return 0
    [ -x /usr/bin/rustc ] && [ -f "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/std/Cargo.toml" ]
}

# Debian names the linker after the version of LLVM.
packages=""
[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || packages="chromium"
if ! has_compiler && ! { command -v rustup >/dev/null && rustup target add $TARGET >/dev/null 2>&1; }; then
    packages="$packages rustc-web libstd-rust-web-dev rust-web-src rust-web-llvm lld-22"
fi
[ -n "$packages" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing: $packages"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
else
    echo "error: the tests of the page need: $packages" >&2
    echo "with rustup, the compiler is had by: rustup target add $TARGET; Chromium elsewhere than in /usr/bin is named by CHROMIUM=PATH" >&2
    exit 1
fi
