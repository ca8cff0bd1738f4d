#!/bin/sh
# Finds the `lw` binary this tree belongs to and runs a tool of it. Called by the steps of the actions:
#   sh lw.sh TOOL [ARGUMENT…]
#   sh lw.sh --install            puts `lw` on PATH for later steps; then runs $LW_TOOL, if that is set
#
# Where the binary comes from, first found first:
#   1. $LW_BIN, whatever it is: the user's word;
#   2. `lw` on PATH, if it has the SHA-256 this tree pins;
#   3. the runner's tool cache, if it has the SHA-256 this tree pins;
#   4. bin/<target>/lw in this tree (offline trees, tests): the user's word as well;
#   5. the release, if it has the SHA-256 this tree pins; anything else is refused.
# What has to have the pinned SHA-256 is copied into a new folder of this user's alone; the copy is hashed and the copy
# is run, so nobody who may write to the original can swap it in between. The folder goes when the tool has ended.
# With LW_RUNTIME=docker the image runs instead, with the same paths, environment and user.
#
# It runs under dash, bash and busybox. No input of an action is ever part of a command here: inputs travel in the
# environment, from the runner to the tool, and are not looked at.
set -euf

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

# Bytes a binary may have: no more are read of a file or a download that should be one.
limit=67108864

# The folder of the copy, and the file in the tool cache that is being written; both go in the end, however it comes.
private=
part=
# The background process that has ended already; the exit code after a signal; whether one came just now.
ended=
interrupted=
heard=

# shellcheck disable=SC2317 # A trap calls it.
clean_up() {
  trap '' HUP INT QUIT TERM PIPE
  if [ -n "$part" ]; then
    rm -f -- "$part"
  fi
  if [ -n "$private" ]; then
    rm -rf -- "$private"
  fi
}

# A signal ends what runs in the background, and then, in `attend`, this script.
# shellcheck disable=SC2317 # A trap calls it.
interrupt() {
  interrupted=$1
  heard=yes
  if [ "${!:-}" = "$ended" ]; then
    exit "$interrupted"
  fi
  kill -s TERM "$!" 2>/dev/null || :
}

# From here on nothing is left behind. Exit codes are those of a shell whose command was ended by the signal.
guard() {
  trap clean_up EXIT
  trap 'interrupt 129' HUP
  trap 'interrupt 130' INT
  trap 'interrupt 131' QUIT
  trap 'interrupt 141' PIPE
  trap 'interrupt 143' TERM
}

# Waits for what was started last; sets $status to its exit code. What is waited for in the foreground would not hear
# of a signal to this script, and neither would this script until it has ended.
attend() {
  while :; do
    heard=
    status=0
    wait "$!" || status=$?
    # A signal ends `wait` early: the process is still to be waited for.
    [ -n "$heard" ] || break
  done
  ended=$!
  if [ -n "$interrupted" ]; then
    exit "$interrupted"
  fi
}

# Foreign text as it may be printed: it must not start another line or a workflow command.
clean() {
  printf '%s' "$1" | tr '\000-\037\177' ' ' | sed 's/##\[/# #[/g'
}

# Says what is passed over, and why.
note() {
  printf 'note: %s\n' "$(clean "$1")" >&2
}

# Ends the run with one line of text. Exit codes are those of the tools: 2 for a wrong setting, 4 for the outside world.
fail() {
  text=$(clean "$1")
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

# Sets $private to a new folder that only this user may enter, and that programs may run from.
find_private() {
  if [ -n "$private" ]; then
    return
  fi
  guard
  for parent in "${RUNNER_TEMP:-}" "${TMPDIR:-}" /tmp "${HOME:+$HOME/.cache}"; do
    case "$parent" in
      '') continue ;;
      /*) ;;
      *) parent=$PWD/$parent ;;
    esac
    [ -d "$parent" ] || mkdir -p -- "$parent" 2>/dev/null || continue
    # Where everybody may write and no sticky bit is set, everybody may put another folder in the place of ours.
    case "$(ls -ld -- "$parent/." 2>/dev/null)" in
      '' | d???????w[!tT]*) continue ;;
    esac
    private=$(mktemp -d "$parent/lw.XXXXXX" 2>/dev/null) || {
      private=
      continue
    }
    # Folders for temporary files may be mounted `noexec`. Only a program that runs tells.
    if printf '#!/bin/sh\n' 2>/dev/null >"$private/probe" && chmod 700 "$private/probe" && "$private/probe" 2>/dev/null; then
      return
    fi
    rm -rf -- "$private"
    private=
  done
  fail "there is no folder to run a verified copy of lw from: RUNNER_TEMP, TMPDIR, /tmp and ~/.cache are missing, full, open to everybody or mounted noexec; set TMPDIR to a folder of this user's that programs may run from, or LW_BIN to a binary you trust"
}

# Whether the copy has the pinned SHA-256; then it is a program and $binary. Otherwise $sum tells.
is_pinned() {
  digest "$private/lw"
  [ "$sum" = "$pinned" ] || return 1
  chmod 700 "$private/lw"
  binary=$private/lw
}

# Whether a file is the pinned binary; then $binary is a private copy of it. A file that is not is passed over.
take() {
  if ! [ -f "$1" ] || ! [ -r "$1" ]; then
    note "$1 is not run: it is no file that can be read"
    return 1
  fi
  find_private
  # One byte more than is allowed is another digest.
  if ! head -c "$((limit + 1))" <"$1" >"$private/lw"; then
    note "$1 is not run: it could not be copied to $private"
    return 1
  fi
  is_pinned && return
  note "$1 is not run: it has the SHA-256 $sum instead of the pinned $pinned"
  return 1
}

# Downloads into a file; sets $status. The size is held to while the file is written, because a server need not tell it
# before: by curl, where the server does, and by the system, in blocks of 512 bytes (bash counts 1024).
fetch() {
  if command -v curl >/dev/null 2>&1; then
    set -- curl --fail --silent --show-error --location --retry 3 --retry-connrefused --connect-timeout 20 \
      --max-time 300 --max-filesize "$limit" --output "$2" -- "$1"
  elif command -v wget >/dev/null 2>&1; then
    # These flags are busybox's as well.
    set -- wget -q -T 60 -O "$2" "$1"
  else
    fail "nothing here can download: install curl or wget, or set LW_BIN"
  fi
  (
    # Without the signal, writing fails, and that is reported as a failure.
    trap '' XFSZ
    # A lower limit that is in force may stay.
    ulimit -f "$((limit / 512 + 1))" 2>/dev/null || [ "$(ulimit -f)" != unlimited ] || exit 1
    exec "$@"
  ) </dev/null &
  attend
}

# Downloads the release's binary and sets $binary.
download() {
  [ -n "$pinned" ] ||
    fail "this tree pins no binary for $triple: use a release tag, or set LW_BIN to one you have built"
  find_private
  base=${LW_DOWNLOAD_BASE:-}
  if [ -z "$base" ]; then
    read_own releases
    base=$own/v$version
  fi
  rm -f -- "$private/lw"
  fetch "${base%/}/lw-$triple" "$private/lw"
  size=0
  if [ -f "$private/lw" ]; then
    size=$(($(wc -c <"$private/lw")))
  fi
  # 63 is curl's word for a size that the server told and that is too large.
  if [ "$size" -gt "$limit" ] || [ "$status" -eq 63 ]; then
    fail "lw-$triple from $base has more than the $limit bytes a binary may have: it is not run"
  fi
  [ "$status" -eq 0 ] ||
    fail "could not download lw-$triple from $base: can this runner reach it? LW_DOWNLOAD_BASE names a mirror"
  is_pinned ||
    fail "lw-$triple from $base has the SHA-256 $sum instead of the pinned $pinned: it is not run"
  publish
}

# Puts the verified copy into the tool cache for later jobs. Jobs may do so at the same time: each writes to a name of
# its own, and whoever is done last wins the final one. A cache that cannot be written is only slower.
publish() {
  folder=${cache:+$cache/$version/$triple}
  if [ -n "$folder" ] && mkdir -p "$folder" 2>/dev/null && ! [ -d "$folder/lw" ] &&
    part=$(mktemp "$folder/.lw.XXXXXX" 2>/dev/null) &&
    cat <"$binary" 2>/dev/null >"$part" && chmod 755 "$part" && mv -f "$part" "$folder/lw"; then
    part=
    return
  fi
  note "lw is not kept for later jobs: ${folder:-without RUNNER_TOOL_CACHE and HOME there is no tool cache, which} cannot be written"
  if [ -n "$part" ]; then
    rm -f -- "$part"
    part=
  fi
}

# Sets $binary. It is a private copy where $private is set.
find_binary() {
  if [ -n "${LW_BIN:-}" ]; then
    if ! [ -f "$LW_BIN" ] || ! [ -x "$LW_BIN" ]; then
      fail "LW_BIN is not a program: $LW_BIN" 2
    fi
    # A name without a folder would be looked for on PATH.
    case "$LW_BIN" in
      */*) binary=$LW_BIN ;;
      *) binary=./$LW_BIN ;;
    esac
    return
  fi
  read_own version
  version=$own
  find_target
  find_pinned
  if binary=$(command -v lw 2>/dev/null); then
    if [ -z "$pinned" ]; then
      note "$binary on PATH is not run: this tree pins no binary for $triple to compare it with; LW_BIN names one you trust"
    elif take "$binary"; then
      return
    fi
  fi
  cache=${RUNNER_TOOL_CACHE:-${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}}
  cache=${cache:+$cache/lw}
  binary=$cache/$version/$triple/lw
  if [ -n "$pinned" ] && [ -n "$cache" ] && [ -e "$binary" ] && take "$binary"; then
    return
  fi
  binary=$here/../bin/$triple/lw
  if [ -x "$binary" ]; then
    # Nothing was taken, and this needs no copy.
    if [ -n "$private" ]; then
      rm -rf -- "$private"
      private=
    fi
    return
  fi
  download
}

# Runs the binary with these arguments in place of this script. A private copy has to go in the end, so this script stays
# and hands on what it is given: arguments, environment, every descriptor, the exit code, and signals as SIGTERM.
run() {
  if [ -z "$private" ]; then
    exec "$binary" "$@"
  fi
  # A process in the background has no standard input unless it comes from another descriptor: one the caller has not
  # opened, for the tool may have been given it to read from. It is closed again before the tool starts.
  if ! { true 9<&0; } 2>/dev/null; then
    "$binary" "$@" <&- &
    attend
    exit "$status"
  fi
  for free in 9 8 7 6 5 4 3; do
    if ! { true <&"$free"; } 2>/dev/null; then
      eval "exec $free<&0"
      eval "\"\$binary\" \"\$@\" <&$free $free<&- &"
      attend
      exit "$status"
    fi
  done
  fail "the descriptors 3 to 9 are all open: close one, or set LW_BIN" 2
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
      if (name ~ /^DOCKER_METADATA_[A-Z_]*$/ || name ~ /^[A-Za-z_][A-Za-z0-9_]*$/ &&
          name !~ /^(_|PATH|HOME|PWD|OLDPWD|SHELL|SHLVL|HOSTNAME|USER|LOGNAME|TMPDIR|TMP|TEMP|AWK.*|BASH.*|LD_.*|DYLD_.*|DOCKER_.*)$/)
        print name
  }'); do
    set -- --env "$name" "$@"
  done
  mounted=:
  for folder in "${GITHUB_WORKSPACE:-}" "$PWD" "${RUNNER_TEMP:-}" "${GITHUB_OUTPUT:-}" "${GITHUB_ENV:-}" \
    "${GITHUB_STEP_SUMMARY:-}" "${GITHUB_EVENT_PATH:-}" "${SSL_CERT_FILE:-}"; do
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
  # `host` is for what only the runner itself reaches, such as a proxy on its loopback.
  case "${LW_NETWORK:-}" in
    none | host) set -- --network "$LW_NETWORK" "$@" ;;
  esac
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

# Puts the binary on PATH for later steps, in a folder where nothing else is, then runs the tool that is asked for, if any.
install() {
  find_binary
  "$binary" --version
  if [ -n "${GITHUB_PATH:-}" ]; then
    if [ -n "$private" ]; then
      # The copy stays for the job. Others may run it, too.
      folder=$private
      rm -f -- "$folder/probe"
      chmod 755 "$folder" "$folder/lw"
      private=
    else
      folder=$(CDPATH='' cd -- "$(dirname -- "$binary")" && pwd)/$(basename -- "$binary")
      named=$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/lw.XXXXXX") || fail "no folder to link $binary from"
      chmod 755 "$named"
      ln -s "$folder" "$named/lw"
      folder=$named
    fi
    printf '%s\n' "$folder" >>"$GITHUB_PATH"
  fi
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
  run "$@"
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
run "$@"
