//! What the repository knows that no file of the project says: the commits of submodules, and when it was committed.

use std::collections::BTreeMap;
use std::path::Path;

use lw_cli::Context;
use lw_history::Repository;

/// Submodules of submodules.
const DEEPEST: usize = 8;

/// The commits of the submodules of a project, by their paths in it, and the address of its repository. Without a repository
/// there are none, which the reader of `.gitmodules` then says.
pub(super) fn submodules(project: &Path, cx: &Context) -> (BTreeMap<String, String>, Option<String>) {
    let mut found = BTreeMap::new();
    let root = cx.root().to_owned();
    let Ok(repository) = Repository::open(&root) else { return (found, None) };
    // The project may be a folder of the repository.
    let prefix = cx.display_path(project);
    let prefix = if prefix.is_empty() { prefix } else { format!("{prefix}/") };
    collect(&repository, &root, "", &prefix, &mut found, 0);
    (found, repository.remote_url("origin"))
}

fn collect(
    repository: &Repository,
    root: &Path,
    below: &str,
    prefix: &str,
    found: &mut BTreeMap<String, String>,
    depth: usize,
) {
    let Ok(submodules) = repository.submodules("HEAD") else { return };
    for (path, commit) in submodules {
        let path = format!("{below}{path}");
        if let Some(inside) = path.strip_prefix(prefix) {
            found.insert(inside.to_owned(), commit);
        }
        let folder = root.join(&path);
        if depth < DEEPEST
            && let Ok(nested) = Repository::open(&folder)
        {
            collect(&nested, root, &format!("{path}/"), prefix, found, depth + 1);
        }
    }
}

/// When the bill was made, as RFC 3339 with whole seconds: `SOURCE_DATE_EPOCH`, else the time of the commit that is checked
/// out, so that the same source gives the same bill, else now.
pub(super) fn timestamp(cx: &Context) -> Option<String> {
    let committed = || {
        Repository::open(cx.root()).ok()?.commit_time("HEAD").ok().and_then(|time| u64::try_from(time).ok())
    };
    lw_inventory::of_unix(cx.source_date().or_else(committed).unwrap_or_else(|| cx.now()))
}
