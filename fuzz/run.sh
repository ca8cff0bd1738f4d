#!/bin/sh
# Fuzzes every target for a bounded time, with the stable compiler and without cargo-fuzz. What is held in every run of the tests, with
# inputs that no coverage guides, is `cargo test --package lw-fuzz`.
#
# Usage: fuzz/run.sh [SECONDS PER TARGET] [TARGET...]
#
# The corpus grows in fuzz/corpus, inputs that crash land in fuzz/artifacts. FUZZ_SEED makes it try the same inputs again,
# beginning with the same corpus, as far as it gets.
set -eu
cd "$(dirname "$0")"

seconds=${1:-20}
[ $# -eq 0 ] || shift
# What is named is built alone: a fuzzer of few targets is faster, and one of all is built once for all of them.
FUZZ_ONLY=$*
export FUZZ_ONLY
if [ $# -eq 0 ]; then
  for target in fuzz_targets/*.rs; do
    set -- "$@" "$(basename "$target" .rs)"
  done
fi

host=$(rustc -vV | sed -n 's/^host: //p')
: "${CARGO_TARGET_DIR:=$PWD/../target}"
export CARGO_TARGET_DIR
program=$CARGO_TARGET_DIR/$host/fuzz/lw-fuzz

# The flags cargo-fuzz passes. With --target they do not reach build scripts, which have no fuzzer to link to.
RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table" \
  cargo build --profile fuzz --target "$host" --package lw-fuzz --features libfuzzer --bin lw-fuzz
mkdir -p target
FUZZ_SEEDS=$PWD/target/seeds "$program"

# Runs one target: what it says is kept, and one line of it shown.
fuzz_one() {
  name=$1
  mkdir -p "corpus/$name" "target/seeds/$name"
  log=target/$name.log
  if FUZZ_TARGET=$name "$program" -max_total_time="$seconds" -seed="${FUZZ_SEED:-0}" \
    -rss_limit_mb=512 -timeout=30 -malloc_limit_mb=256 -print_final_stats=1 -artifact_prefix="artifacts/$name-" \
    "corpus/$name" "target/seeds/$name" >"$log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "$name: $runs executions in $seconds s, no crash"
  else
    echo "$name: CRASHED"
    tail -n 40 "$log"
    echo "$name" >>target/crashed
  fi
}

mkdir -p artifacts
: >target/crashed
# As many at a time as there are processors.
while [ $# -gt 0 ]; do
  processes=
  for _ in $(seq "$(nproc)"); do
    [ $# -gt 0 ] || break
    fuzz_one "$1" &
    processes="$processes $!"
    shift
  done
  # shellcheck disable=SC2086 # one word for each process
  wait $processes
done
[ ! -s target/crashed ] || { echo "crashed: $(tr '\n' ' ' <target/crashed)" >&2; exit 1; }
