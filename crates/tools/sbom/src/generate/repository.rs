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

/// What the repository is called, where the project is all of it: by its `origin`, else as the CI says. A checkout's folder
/// may be called anything.
pub(super) fn name(project: &Path, origin: Option<&str>, cx: &Context) -> Option<String> {
    if !cx.display_path(project).is_empty() {
        return None;
    }
    let ci = cx.ci_context();
    let is_checkout = ci.workspace.as_deref().is_some_and(|workspace| workspace == cx.root());
    origin.and_then(last_part).or_else(|| last_part(ci.repository.as_deref().filter(|_| is_checkout)?))
}

/// `lamp` of `https://example.org/lights/lamp.git`. What may be a user name or a password is no name.
fn last_part(address: &str) -> Option<String> {
    let last = address.trim_end_matches(['/', '\\']).rsplit(['/', '\\', ':']).next()?;
    let name = last.strip_suffix(".git").unwrap_or(last);
    let is_name = !name.is_empty() && !name.contains(['@', '?', '#']) && !name.contains(char::is_whitespace);
    is_name.then(|| name.to_owned())
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

#[cfg(test)]
mod tests {
    use super::last_part;

    #[test]
    fn a_repository_is_called_by_the_end_of_its_address() {
        for address in [
            "https://github.com/lights/lamp",
            "https://user:secret@example.org/lights/lamp.git/",
            "git@example.org:lights/lamp.git",
            "git@example.org:lamp",
            "/srv/git/lamp.git",
            "C:\\repositories\\lamp",
            "lights/lamp",
        ] {
            assert_eq!(last_part(address).as_deref(), Some("lamp"), "{address}");
        }
        for address in ["https://user:secret@example.org", "", "https://", ".git", "https://example.org/?x"] {
            assert_eq!(last_part(address), None, "{address}");
        }
    }
}
