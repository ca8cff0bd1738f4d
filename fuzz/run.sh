#!/bin/sh
# Fuzzes every target for a bounded time, with the stable compiler and without cargo-fuzz.
#
# Usage: fuzz/run.sh [SECONDS PER TARGET] [TARGET...]
#
# The corpus grows in fuzz/corpus, inputs that crash land in fuzz/artifacts. FUZZ_SEED makes it try the same inputs again,
# beginning with the same corpus, as far as it gets.
set -eu
cd "$(dirname "$0")"

seconds=${1:-20}
[ $# -eq 0 ] || shift
if [ $# -eq 0 ]; then
  targets=$(cd .. && cargo xtask list fuzz)
  # shellcheck disable=SC2086 # one word for each target
  set -- $targets
fi

host=$(rustc -vV | sed -n 's/^host: //p')
: "${CARGO_TARGET_DIR:=$PWD/target}"
export CARGO_TARGET_DIR

cargo run --quiet --package lw-fuzz-seeds -- target/seeds
# The flags cargo-fuzz passes. With --target they do not reach build scripts, which have no fuzzer to link to.
RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table" \
  cargo build --release --target "$host" --package lw-fuzz --bins

mkdir -p artifacts
failed=
for name in "$@"; do
  mkdir -p "corpus/$name" "target/seeds/$name"
  log=target/$name.log
  if "$CARGO_TARGET_DIR/$host/release/$name" -max_total_time="$seconds" -seed="${FUZZ_SEED:-0}" -rss_limit_mb=512 -timeout=30 \
    -malloc_limit_mb=256 -print_final_stats=1 -artifact_prefix="artifacts/$name-" \
    "corpus/$name" "target/seeds/$name" >"$log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "$name: $runs executions in $seconds s, no crash"
  else
    failed="$failed $name"
    echo "$name: CRASHED"
    tail -n 40 "$log"
  fi
done
[ -z "$failed" ] || { echo "crashed:$failed" >&2; exit 1; }
