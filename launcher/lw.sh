#!/bin/sh
# Finds the `lw` binary this tree belongs to and runs a tool of it. Called by the steps of the actions:
#   sh lw.sh TOOL [ARGUMENT…]
#
# Where the binary comes from, first found first:
#   1. $LW_BIN, whatever version it is;
#   2. `lw` on PATH, if it is of this tree's version;
#   3. the runner's tool cache;
#   4. bin/<target>/lw in this tree (offline trees, tests);
#   5. the release, checked against the SHA-256 in this tree; anything else is refused.
# With LW_RUNTIME=docker the image runs instead, with the same paths, environment and user.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
version=$(cat "$here/version")

fail() {
  # One line, so that the runner shows all of it; nothing in it comes from an input.
  printf '::error title=lw::%s\n' "$1"
  printf 'error: %s\n' "$1" >&2
  exit "${2:-4}"
}

target() {
  case "$(uname -s)" in
    Linux) system=unknown-linux-musl ;;
    Darwin) system=apple-darwin ;;
    *) fail "no binary for $(uname -s); set LW_BIN to one you have built, or use a Linux, macOS or Windows runner" ;;
  esac
  case "$(uname -m)" in
    x86_64 | amd64) machine=x86_64 ;;
    aarch64 | arm64) machine=aarch64 ;;
    *) fail "no binary for $(uname -m); set LW_BIN to one you have built" ;;
  esac
  printf '%s-%s' "$machine" "$system"
}

digest() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum "$1" | cut -d ' ' -f 1
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256 "$1" | cut -d ' ' -f 1
  else
    openssl dgst -sha256 -r "$1" | cut -d ' ' -f 1
  fi
}

fetch() {
  if command -v curl >/dev/null 2>&1; then
    curl --fail --silent --show-error --location --retry 5 --retry-connrefused --connect-timeout 20 --max-time 300 \
      --output "$2" "$1"
  else
    wget --quiet --tries=5 --timeout=60 --output-document="$2" "$1"
  fi
}

# Puts the release's binary into the cache. Jobs may do so at the same time: each downloads to a name of its own, and
# whoever is done first wins the final one; a file is there only when it is whole and verified.
download() {
  file="lw-$1"
  expected=$(awk -v name="$file" '$2 == name { print $1 }' "$here/checksums.txt")
  [ -n "$expected" ] || fail "this tree pins no binary for $1: use a release tag, or set LW_BIN to one you have built"
  folder="$cache/$version/$1"
  mkdir -p "$folder"
  part="$folder/.lw.$$"
  trap 'rm -f "$part"' EXIT INT TERM
  base=${LW_DOWNLOAD_BASE:-$(cat "$here/releases")/v$version}
  fetch "$base/$file" "$part" || fail "could not download $file from $base: is the host reachable from this runner?"
  found=$(digest "$part")
  [ "$found" = "$expected" ] || fail "$file has the SHA-256 $found instead of the pinned $expected; it is not run"
  chmod 755 "$part"
  mv -f "$part" "$folder/lw"
  trap - EXIT INT TERM
}

is_this_version() {
  [ "$("$1" --version 2>/dev/null)" = "lw $version" ]
}

# Prints nothing; sets $binary.
find_binary() {
  if [ -n "${LW_BIN:-}" ]; then
    [ -x "$LW_BIN" ] || fail "LW_BIN is not a program: $(printf '%s' "$LW_BIN" | tr -d '\n\r')" 2
    binary=$LW_BIN
    return
  fi
  if found=$(command -v lw 2>/dev/null) && is_this_version "$found"; then
    binary=$found
    return
  fi
  triple=$(target) || { printf '%s\n' "$triple"; exit 4; }
  if [ -x "$here/../bin/$triple/lw" ]; then
    binary="$here/../bin/$triple/lw"
    return
  fi
  cache=${RUNNER_TOOL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}}/lw
  binary="$cache/$version/$triple/lw"
  if [ -x "$binary" ] && is_this_version "$binary"; then
    return
  fi
  download "$triple"
}

# The workspace and the runner's own files are mounted where they are, so no path has to be translated.
run_in_docker() {
  command -v docker >/dev/null 2>&1 || fail "runtime is docker, but there is no docker on this runner"
  image=${LW_IMAGE:-$(cat "$here/image")}
  workspace=${GITHUB_WORKSPACE:-$PWD}
  tool=$1
  shift
  set -- "$image" "$tool" "$@"
  for name in $(awk 'BEGIN { for (name in ENVIRON) if (name ~ /^(INPUT_|GITHUB_|RUNNER_|LW_|ACT$|CI$|SOURCE_DATE_EPOCH$|NO_COLOR$|GITEA_|FORGEJO_)/ && name ~ /^[A-Za-z_][A-Za-z0-9_]*$/) print name }'); do
    set -- --env "$name" "$@"
  done
  for folder in "$workspace" "${RUNNER_TEMP:-}" "$(dirname "${GITHUB_OUTPUT:-/}")" "$(dirname "${GITHUB_EVENT_PATH:-/}")"; do
    case "$folder" in
      '' | / | .) ;;
      *) [ -d "$folder" ] && set -- --volume "$folder:$folder" "$@" ;;
    esac
  done
  exec docker run --rm --init --user "$(id -u):$(id -g)" --workdir "$PWD" --network none --read-only "$@"
}

# Puts the binary on PATH for later steps, then runs the tool that is asked for, if any.
install() {
  find_binary
  folder=$(CDPATH='' cd -- "$(dirname -- "$binary")" && pwd)
  [ -n "${GITHUB_PATH:-}" ] && printf '%s\n' "$folder" >>"$GITHUB_PATH"
  "$binary" --version
  [ -n "${LW_TOOL:-}" ] || exit 0
  set -- "$LW_TOOL"
  while IFS= read -r line; do
    [ -n "$line" ] && set -- "$@" "$line"
  done <<ARGUMENTS
${LW_ARGUMENTS:-}
ARGUMENTS
  exec "$binary" "$@"
}

[ $# -gt 0 ] || fail "lw.sh was called without a tool" 2
case "${LW_RUNTIME:-auto}" in
  docker) run_in_docker "$@" ;;
  auto | native) ;;
  *) fail "the input runtime must be auto, native or docker" 2 ;;
esac
if [ "$1" = --install ]; then
  install
fi
find_binary
exec "$binary" "$@"
