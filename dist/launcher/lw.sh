#!/bin/sh
# Finds the `lw` binary this tree belongs to and runs a tool of it. Called by the steps of the actions:
#   sh lw.sh TOOL [ARGUMENT…]
#   sh lw.sh --install            puts `lw` on PATH for later steps; then runs $LW_TOOL, if that is set
#
# Where the binary comes from, first found first:
#   1. $LW_BIN, whatever version it is;
#   2. `lw` on PATH, if it is of this tree's version;
#   3. the runner's tool cache, if it has the SHA-256 this tree pins;
#   4. bin/<target>/lw in this tree (offline trees, tests);
#   5. the release, if it has the SHA-256 this tree pins; anything else is refused.
# With LW_RUNTIME=docker the image runs instead, with the same paths, environment and user.
#
# It runs under dash, bash and busybox. No input of an action is ever part of a command here: inputs travel in the
# environment, from the runner to the tool, and are not looked at.
set -euf

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

# Ends the run with one line of text. Paths and addresses in it are foreign: they must not start another line or a
# workflow command. Exit codes are those of the tools: 2 for a wrong setting, 4 for the outside world.
fail() {
  text=$(printf '%s' "$1" | tr '\000-\037\177' ' ' | sed 's/##\[/# #[/g')
  if [ "${GITHUB_ACTIONS:-}" = true ]; then
    printf '::error title=lw::%s\n' "$(printf '%s' "$text" | sed 's/%/%25/g')"
  else
    printf 'error: %s\n' "$text" >&2
  fi
  if [ -n "${GITHUB_OUTPUT:-}" ]; then
    printf 'verdict=error\nsummary=%s\n' "$text" >>"$GITHUB_OUTPUT" || :
  fi
  exit "${2:-4}"
}

# The line of a file of this tree.
read_own() {
  [ -r "$here/$1" ] || fail "this tree is incomplete: $here/$1 is missing"
  IFS= read -r own <"$here/$1" || [ -n "$own" ] || fail "this tree is incomplete: $here/$1 is empty"
}

# Sets $triple.
find_target() {
  system=$(uname -s)
  machine=$(uname -m)
  case "$system" in
    Linux) triple=unknown-linux-musl ;;
    Darwin) triple=apple-darwin ;;
    *) fail "there is no binary for $system: set LW_BIN to one you have built, or use a Linux, macOS or Windows runner" ;;
  esac
  case "$machine" in
    x86_64 | amd64) triple=x86_64-$triple ;;
    aarch64 | arm64) triple=aarch64-$triple ;;
    *) fail "there is no binary for $system on $machine: set LW_BIN to one you have built" ;;
  esac
}

# Sets $pinned: the SHA-256 of the release's binary, empty in a tree that is not a release.
find_pinned() {
  pinned=
  [ -r "$here/checksums.txt" ] || fail "this tree is incomplete: $here/checksums.txt is missing"
  while read -r hash name _; do
    if [ "$name" = "lw-$triple" ]; then
      pinned=$hash
    fi
  done <"$here/checksums.txt"
}

# Sets $sum: the SHA-256 of a file.
digest() {
  if command -v sha256sum >/dev/null 2>&1; then
    sum=$(sha256sum <"$1")
  elif command -v shasum >/dev/null 2>&1; then
    sum=$(shasum -a 256 <"$1")
  elif command -v openssl >/dev/null 2>&1; then
    sum=$(openssl dgst -sha256 -r <"$1")
  else
    fail "nothing here can compute a SHA-256: install sha256sum, shasum or openssl, or set LW_BIN"
  fi
  sum=${sum%% *}
}

fetch() {
  if command -v curl >/dev/null 2>&1; then
    curl --fail --silent --show-error --location --retry 3 --retry-connrefused --connect-timeout 20 --max-time 300 \
      --output "$2" -- "$1"
  elif command -v wget >/dev/null 2>&1; then
    # These flags are busybox's as well.
    wget -q -T 60 -O "$2" "$1"
  else
    fail "nothing here can download: install curl or wget, or set LW_BIN"
  fi
}

# Puts the release's binary into the cache and sets $binary. Jobs may do so at the same time: each downloads to a name
# of its own, and whoever is done last wins the final one; a file is there only when it is whole and verified.
download() {
  [ -n "$pinned" ] ||
    fail "this tree pins no binary for $triple: use a release tag, or set LW_BIN to one you have built"
  folder=${cache:+$cache/$version/$triple}
  if [ -z "$folder" ] || ! mkdir -p "$folder" 2>/dev/null || ! [ -w "$folder" ]; then
    # A cache that cannot be written is only slower.
    folder=$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/lw.XXXXXX") || fail "no folder to download to"
  fi
  part=$(mktemp "$folder/.lw.XXXXXX") || fail "cannot write to $folder"
  trap 'rm -f "$part"' EXIT
  trap 'exit 143' HUP INT TERM
  base=${LW_DOWNLOAD_BASE:-}
  if [ -z "$base" ]; then
    read_own releases
    base=$own/v$version
  fi
  fetch "${base%/}/lw-$triple" "$part" ||
    fail "could not download lw-$triple from $base: can this runner reach it? LW_DOWNLOAD_BASE names a mirror"
  digest "$part"
  [ "$sum" = "$pinned" ] ||
    fail "lw-$triple from $base has the SHA-256 $sum instead of the pinned $pinned: it is not run"
  chmod 755 "$part"
  mv -f "$part" "$folder/lw"
  trap - EXIT HUP INT TERM
  binary=$folder/lw
}

# Sets $binary.
find_binary() {
  if [ -n "${LW_BIN:-}" ]; then
    if ! [ -f "$LW_BIN" ] || ! [ -x "$LW_BIN" ]; then
      fail "LW_BIN is not a program: $LW_BIN" 2
    fi
    binary=$LW_BIN
    return
  fi
  read_own version
  version=$own
  if binary=$(command -v lw 2>/dev/null) && [ -x "$binary" ] && [ "$("$binary" --version 2>/dev/null)" = "lw $version" ]; then
    return
  fi
  find_target
  find_pinned
  cache=${RUNNER_TOOL_CACHE:-${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}}
  cache=${cache:+$cache/lw}
  binary=$cache/$version/$triple/lw
  if [ -n "$pinned" ] && [ -x "$binary" ]; then
    digest "$binary"
    if [ "$sum" = "$pinned" ]; then
      return
    fi
  fi
  binary=$here/../bin/$triple/lw
  if [ -x "$binary" ]; then
    return
  fi
  download
}

# Runs a tool in the image. The workspace and the runner's own files are mounted where they are, so no path has to be
# translated; variables go by name, so no value stands on a command line.
run_in_docker() {
  command -v docker >/dev/null 2>&1 ||
    fail "runtime is docker, but there is no docker on this runner: use runtime native" 2
  image=${LW_IMAGE:-}
  if [ -z "$image" ]; then
    read_own image
    image=$own
    case "$image" in
      *@sha256:*) ;;
      *) fail "this tree pins no image: use a release tag, or set LW_IMAGE to one you have built" ;;
    esac
  fi
  set -- "$image" "$@"
  # What belongs to this machine means nothing, or something else, inside.
  # shellcheck disable=SC2013 # Names hold no spaces, and a pipe would lose the arguments.
  for name in $(awk 'BEGIN {
    for (name in ENVIRON)
      if (name ~ /^[A-Za-z_][A-Za-z0-9_]*$/ &&
          name !~ /^(_|PATH|HOME|PWD|OLDPWD|SHELL|SHLVL|HOSTNAME|USER|LOGNAME|TMPDIR|TMP|TEMP|AWK.*|BASH.*|LD_.*|DYLD_.*|DOCKER_.*)$/)
        print name
  }'); do
    set -- --env "$name" "$@"
  done
  mounted=:
  for folder in "${GITHUB_WORKSPACE:-}" "$PWD" "${RUNNER_TEMP:-}" "${GITHUB_OUTPUT:-}" "${GITHUB_STEP_SUMMARY:-}" \
    "${GITHUB_EVENT_PATH:-}" "${SSL_CERT_FILE:-}"; do
    # A file is mounted with its folder: what is replaced in it stays visible.
    if [ -f "$folder" ]; then
      folder=$(dirname -- "$folder")
    fi
    case "$mounted" in *":$folder:"*) continue ;; esac
    if [ -d "$folder" ] && [ "$folder" != / ]; then
      # As --volume, a folder that this engine does not see would be made by it, as root.
      quoted=$(printf '%s' "$folder" | sed 's/"/""/g')
      set -- --mount "type=bind,\"source=$quoted\",\"target=$quoted\"" "$@"
      mounted=$mounted$folder:
    fi
  done
  if [ "${LW_NETWORK:-}" = none ]; then
    set -- --network none "$@"
  fi
  # A rootless engine calls this user root.
  user=$(id -u):$(id -g)
  case "$(docker info --format '{{.SecurityOptions}}' 2>/dev/null)" in
    *rootless*) user=0:0 ;;
  esac
  container=lw-$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
  # The tool is the first process of its container and would not hear a cancelled job.
  trap 'docker kill "$container" >/dev/null 2>&1 || :; exit 143' HUP INT TERM
  docker run --rm --name "$container" --user "$user" --workdir "$PWD" --read-only --tmpfs /tmp \
    --security-opt no-new-privileges "$@" &
  status=0
  wait "$!" || status=$?
  case "$status" in
    125 | 126 | 127) fail "docker could not run $image (exit code $status): can this runner reach the registry? runtime native needs no engine" ;;
  esac
  exit "$status"
}

# Puts the binary on PATH for later steps, then runs the tool that is asked for, if any.
install() {
  find_binary
  folder=$(CDPATH='' cd -- "$(dirname -- "$binary")" && pwd)
  if [ "$(basename -- "$binary")" != lw ]; then
    named=$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/lw.XXXXXX") || fail "no folder to link $binary from"
    ln -s "$folder/$(basename -- "$binary")" "$named/lw"
    folder=$named
  fi
  if [ -n "${GITHUB_PATH:-}" ]; then
    printf '%s\n' "$folder" >>"$GITHUB_PATH"
  fi
  "$binary" --version
  if [ -z "${LW_TOOL:-}" ]; then
    exit 0
  fi
  set -- "$LW_TOOL"
  while IFS= read -r line; do
    if [ -n "$line" ]; then
      set -- "$@" "$line"
    fi
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
