#!/bin/sh
# Makes the result files under tests/fixtures/real by running tools over the small suites beside this script. Beside each
# file lie what the tool printed (NAME.console) and its exit code (NAME.exit): the truth that tests/it/real.rs names.
#
# Usage: make.sh FOLDER
#   FOLDER/venv needs pytest, pytest-rerunfailures, pytest-xdist, unittest-xml-reporting, nose2,
#   robotframework, cmake and pre-commit; FOLDER/js/node_modules jest, jest-junit, vitest, mocha 10, mocha-junit-reporter and
#   tape; the path cargo, cargo-nextest, go, bats, phpunit, and a C++ compiler with gtest, Catch2 2 and doctest.
#   What is missing is left out, and said.
set -u
peers=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
out=$here/../fixtures/real
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$here/suites" "$work/s"
mkdir -p "$out"
export PATH="$peers/venv/bin:$peers/js/node_modules/.bin:$PATH" NO_COLOR=1 TERM=dumb HOME="$work"
export CARGO_HOME="${CARGO_HOME:-/root/.cargo}" RUSTUP_HOME="${RUSTUP_HOME:-/root/.rustup}"

# run NAME COMMAND...: what is printed, and how it ended.
run() {
  name=$1
  shift
  "$@" >"$out/$name.console" 2>&1
  echo $? >"$out/$name.exit"
}
# have PROGRAM: whether it can be run.
have() {
  command -v "$1" >/dev/null || { echo "$1 is missing: its files are left out" >&2; return 1; }
}

if have pytest; then
  cd "$work/s/pytest" || exit
  run pytest pytest -p no:cacheprovider --junitxml="$out/pytest.xml" test_suite.py
  run pytest-legacy pytest -p no:cacheprovider -o junit_family=xunit1 -o junit_logging=all --junitxml="$out/pytest-legacy.xml" test_suite.py
  run pytest-rerun pytest -p no:cacheprovider --junitxml="$out/pytest-rerun.xml" test_flaky.py
  run pytest-collect pytest -p no:cacheprovider --junitxml="$out/pytest-collect.xml" test_broken_import.py test_suite.py
  run pytest-xdist pytest -p no:cacheprovider -n 2 --junitxml="$out/pytest-xdist.xml" test_suite.py
  pytest -p no:cacheprovider --collect-only -q test_suite.py >"$out/pytest.list"
  cd "$work/s/unittest" || exit
  run unittest-xml python3 -m xmlrunner --output-file "$out/unittest-xml.xml" test_suite
  run nose2 nose2 --plugin nose2.plugins.junitxml --junit-xml --junit-xml-path "$out/nose2.xml" test_suite
fi
if have robot; then
  cd "$work/s/robot" || exit
  run robot robot --output NONE --log NONE --report NONE --xunit "$out/robot.xml" suite.robot broken.robot
fi
if have go; then
  cd "$work/s/go" || exit
  go test -json ./calc/ >"$out/go.json" 2>"$work/err"; echo $? >"$out/go.exit"
  go test -v ./calc/ >"$out/go.console" 2>&1
  go test -json ./... >"$out/go-broken.json" 2>"$work/err"; echo $? >"$out/go-broken.exit"
  go test -v ./... >"$out/go-broken.console" 2>&1
  go test -list . ./calc/ >"$out/go.list"
fi
if have cargo; then
  cd "$work/s/rust" || exit
  run libtest-text cargo test --quiet --no-fail-fast --offline -- --format=pretty --test-threads=1
  cargo test --no-fail-fast --offline -- --test-threads=1 >"$out/libtest-text.txt" 2>/dev/null
  RUSTC_BOOTSTRAP=1 cargo test --no-fail-fast --offline -- -Z unstable-options --format json --test-threads=1 >"$out/libtest-json.json" 2>/dev/null
  echo $? >"$out/libtest-json.exit"
  cp "$out/libtest-text.console" "$out/libtest-json.console"
  SUITE_ABORT=1 cargo test --no-fail-fast --offline --test flaky -- --test-threads=1 >"$out/libtest-abort.txt" 2>"$out/libtest-abort.console"
  echo $? >"$out/libtest-abort.exit"
  if have cargo-nextest; then
    run nextest cargo nextest run --offline
    cp target/nextest/default/junit.xml "$out/nextest.xml"
    cargo nextest list --offline >"$out/nextest.list" 2>/dev/null
  fi
fi
if have ctest; then
  cmake -S "$work/s/ctest" -B "$work/ctest" >/dev/null
  run ctest ctest --test-dir "$work/ctest" --output-junit "$out/ctest.xml" --output-on-failure
  ctest --test-dir "$work/ctest" -N >"$out/ctest.list"
fi
cd "$work/s/cpp" || exit
if g++ gtest.cpp -o gtest -lgtest -lgtest_main -lpthread 2>"$work/err"; then
  run gtest ./gtest --gtest_output=xml:"$out/gtest.xml"
fi
if g++ catch2.cpp -o catch2 2>"$work/err"; then
  ./catch2 -r junit -o "$out/catch2.xml"
  run catch2 ./catch2
fi
if g++ doctest.cpp -o doctest 2>"$work/err"; then
  ./doctest -r=junit -o="$out/doctest.xml"
  run doctest ./doctest
fi
if have jest; then
  cp -R "$work/s/js" "$work/js" && ln -s "$peers/js/node_modules" "$work/js/node_modules"
  cd "$work/js" || exit
  echo '{"name":"suite"}' >package.json
  export JEST_JUNIT_OUTPUT_FILE="$out/jest.xml" JEST_JUNIT_REPORT_TEST_SUITE_ERRORS=true
  run jest jest --ci --reporters=default --reporters=jest-junit --testMatch '**/*.test.js'
  run vitest vitest run --reporter=default --reporter=junit --outputFile="$out/vitest.xml"
  MOCHA_FILE="$out/mocha.xml" mocha --reporter mocha-junit-reporter mocha.js >/dev/null 2>&1
  run mocha mocha mocha.js
  mocha --reporter tap mocha.js >"$out/mocha.tap" 2>/dev/null
  run tape tape tape.js
  cp "$out/tape.console" "$out/tape.tap"
  run node node --test --test-reporter=tap node.mjs
  cp "$out/node.console" "$out/node.tap"
  node --test --test-reporter=junit node.mjs >"$out/node-junit.xml"
fi
if have bats; then
  cd "$work/s/bats" || exit
  run bats bats --formatter pretty suite.bats
  bats --formatter tap suite.bats >"$out/bats.tap"
  bats --formatter tap13 suite.bats >"$out/bats13.tap"
  bats --formatter junit suite.bats >"$out/bats.xml"
fi
if have phpunit; then
  cd "$work/s/phpunit" || exit
  run phpunit phpunit --log-junit "$out/phpunit.xml" SuiteTest.php
fi
if have pre-commit; then
  cd "$work/s/pre-commit" || exit
  git init -q . && touch a.txt changed.txt && git add . 
  export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
  git commit -qm suite
  SKIP=user run pre-commit pre-commit run --all-files --color=never
  SKIP=user run pre-commit-verbose pre-commit run --all-files --color=never --verbose
  # The console is the result.
  mv "$out/pre-commit.console" "$out/pre-commit.txt"
  mv "$out/pre-commit-verbose.console" "$out/pre-commit-verbose.txt"
fi
# Nothing of the machine stays in the files.
for file in "$out"/*; do
  sed -i "s#$work/s#/work#g; s#$work#/work#g; s#$peers#/peers#g; s#hostname=\"[^\"]*\"#hostname=\"host\"#" "$file"
done
