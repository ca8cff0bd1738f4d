//! What stands in the place of actions and programs that cannot be had here, or would reach out: each keeps what it is given
//! in a folder, as the real one keeps it with GitHub, and does no more than the workflows need.

use std::path::Path;

use crate::support::write_program;

/// A composite action of one step.
fn action(folder: &Path, inputs: &[&str], script: &str) {
    let declared: String = inputs.iter().map(|name| format!("  {name}: {{default: ''}}\n")).collect();
    let variables: String = inputs
        .iter()
        .map(|name| {
            format!("        IN_{}: ${{{{ inputs.{name} }}}}\n", name.to_uppercase().replace('-', "_"))
        })
        .collect();
    let script: String = script.lines().map(|line| format!("        {line}\n")).collect();
    let text = format!(
        "name: stand-in\ndescription: Stands in\ninputs:\n{declared}runs:\n  using: composite\n  steps:\n    - shell: bash\n      env:\n{variables}      run: |\n{script}"
    );
    write_program(&folder.join("action.yml"), &text);
}

/// Stands for actions/upload-artifact: an artifact is a folder of its name. Of several paths it keeps what stands behind
/// their common folder, as the real one does.
pub(crate) fn upload_artifact(folder: &Path, store: &Path) {
    let script = format!(
        r#"set -euo pipefail
kept='{}'/"$IN_NAME"
mapfile -t paths < <(grep -v '^ *$' <<<"$IN_PATH")
found=()
for path in "${{paths[@]}}"; do [ ! -e "$path" ] || found+=("$path"); done
if [ "${{#found[@]}}" = 0 ]; then
  echo "no files were found at ${{paths[*]}}"
  [ "$IN_IF_NO_FILES_FOUND" != error ] || exit 1
  exit 0
fi
mkdir -p "$kept"
if [ "${{#paths[@]}}" = 1 ]; then
  if [ -d "${{found[0]}}" ]; then cp -r "${{found[0]}}"/. "$kept"; else cp "${{found[0]}}" "$kept"; fi
  exit 0
fi
common=$(dirname "${{paths[0]}}")
for path in "${{paths[@]}}"; do
  while [ "$common" != . ] && [ "${{path#"$common"/}}" = "$path" ]; do common=$(dirname "$common"); done
done
for path in "${{found[@]}}"; do
  to="$kept/$(dirname "${{path#"$common"/}}")"
  mkdir -p "$to"
  cp -r "$path" "$to"
done"#,
        store.display()
    );
    action(folder, &["name", "path", "if-no-files-found", "retention-days"], &script);
}

/// Stands for actions/download-artifact: all artifacts of a pattern, which may have braces.
pub(crate) fn download_artifact(folder: &Path, store: &Path) {
    let script = format!(
        r#"set -euo pipefail
shopt -s nullglob
mkdir -p "$IN_PATH"
# Braces are expanded by the shell before a variable is: what the pattern is made of is letters of this repository.
case "$IN_PATTERN" in *[!a-z0-9*{{}},-]*) echo "unknown pattern $IN_PATTERN"; exit 1 ;; esac
eval "names=('{0}'/$IN_PATTERN)"
[ "${{#names[@]}}" -gt 0 ] || {{ echo 'no artifacts were found'; exit 0; }}
for name in "${{names[@]}}"; do
  [ -d "$name" ] || continue
  if [ "$IN_MERGE_MULTIPLE" = true ]; then cp -r "$name"/. "$IN_PATH"; else cp -r "$name" "$IN_PATH"; fi
done"#,
        store.display()
    );
    action(folder, &["pattern", "path", "merge-multiple"], &script);
}

/// Stands for an action of which a workflow needs no more than that it succeeds; says what it was given.
pub(crate) fn succeeds(folder: &Path, inputs: &[&str]) {
    action(folder, inputs, "env | grep '^IN_' | sort");
}

/// A program in front of PATH.
pub(crate) fn program(path: &Path, script: &str) {
    write_program(path, &format!("#!/bin/bash\nset -euo pipefail\n{script}\n"));
}

/// Stands for the part of `gh` that keeps releases: a folder each, with the files it is given and its arguments.
pub(crate) fn gh(bin: &Path, store: &Path) {
    let script = format!(
        r#"[ -n "$GH_TOKEN" ] || {{ echo 'no token' >&2; exit 4; }}
store='{}'
mkdir -p "$store"
case "$1 $2" in
  'release list') ls -t "$store" ;;
  'release download') cp "$store/$3/$5" "$7" ;;
  'release create')
    tag=$3; mkdir "$store/$tag"; printf '%s\n' "$@" >"$store/$tag/arguments"
    for word in "$@"; do [ ! -f "$word" ] || cp "$word" "$store/$tag/"; done ;;
  *) echo "unknown: $*" >&2; exit 1 ;;
esac"#,
        store.display()
    );
    program(&bin.join("gh"), &script);
}
