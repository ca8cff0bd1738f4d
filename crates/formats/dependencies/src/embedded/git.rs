//! Repositories: their addresses without what is nobody's business, their package URLs, and what is checked out.

use lw_inventory::{Component, Purl, Reference, ReferenceKind, Source};

use crate::address::{join, public_url};
use crate::{Error, Tree};

/// Files of `.git` that are read here are a line or a list of references.
const LARGEST: usize = 16 << 20;

/// The address of a repository, as a URL without user name, password, `git+`, query and fragment; `None` where it leads to a folder
/// of this machine. `git@host:owner/name`, as scp takes it, becomes `ssh://host/owner/name`.
pub(super) fn address(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("git+").unwrap_or(text);
    public_url(text.split(['#', '?']).next().unwrap_or_default())
}

/// What stands after `#` in the address of a repository: a tag, branch or commit.
pub(super) fn fragment(text: &str) -> Option<&str> {
    text.split_once('#').map(|(_, revision)| revision.trim()).filter(|revision| !revision.is_empty())
}

/// Owner and name of a repository on GitHub.
fn on_github(url: &str) -> Option<(&str, &str)> {
    let (_, rest) = url.split_once("://")?;
    let path = ["github.com/", "www.github.com/"].iter().find_map(|host| rest.strip_prefix(host))?;
    let (owner, name) = path.trim_end_matches('/').split_once('/')?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    (!owner.is_empty() && !name.is_empty() && !name.contains('/')).then_some((owner, name))
}

/// A component that was had from a repository: its source, package URL and reference.
///
/// `url` is what [`address`] made; without a `revision` there is no package URL, since it would name any of them.
pub(super) fn set_origin(component: &mut Component, url: &str, revision: Option<&str>, folder: Option<&str>) {
    let folder = folder.map(|folder| folder.trim_matches('/')).filter(|folder| !["", "."].contains(folder));
    let purl = revision.and_then(|revision| {
        let purl = match on_github(url) {
            Some((owner, name)) => Purl::new("github", Some(owner), name, Some(revision)).ok()?,
            None => Purl::new("generic", component.namespace.as_deref(), &component.name, Some(revision))
                .ok()?
                .with("vcs_url", &format!("git+{url}@{revision}")),
        };
        Some(folder.map_or(purl.clone(), |folder| purl.with_subpath(folder)))
    });
    component.purl = purl;
    component.source = Source::Git {
        url: url.to_owned(),
        revision: revision.map(str::to_owned),
        folder: folder.map(str::to_owned),
    };
    component.references.insert(Reference { kind: ReferenceKind::Vcs, url: url.to_owned() });
}

/// Whether a text is the full id of a commit.
pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The commit that is checked out in a folder with a `.git` folder of its own (gitrepository-layout(5)): `HEAD` holds it, or
/// names the reference that does.
pub(super) fn checked_out(tree: &dyn Tree, folder: &str) -> Result<Option<String>, Error> {
    let git = join(folder, ".git");
    let read = |name: &str| -> Result<Option<String>, Error> {
        let bytes = tree.read(&join(&git, name))?.filter(|bytes| bytes.len() <= LARGEST);
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    };
    let Some(head) = read("HEAD")? else { return Ok(None) };
    let head = head.trim();
    if is_commit(head) {
        return Ok(Some(head.to_ascii_lowercase()));
    }
    let Some(reference) = head.strip_prefix("ref:").map(str::trim) else { return Ok(None) };
    let is_path =
        reference.starts_with("refs/") && reference.split('/').all(|part| !["", ".", ".."].contains(&part));
    if !is_path {
        return Ok(None);
    }
    if let Some(commit) = read(reference)?.map(|text| text.trim().to_owned()).filter(|text| is_commit(text)) {
        return Ok(Some(commit.to_ascii_lowercase()));
    }
    let packed = read("packed-refs")?.unwrap_or_default();
    let mut lines = packed.lines().filter_map(|line| line.split_once(' '));
    let found = lines.find(|(commit, name)| name.trim() == reference && is_commit(commit));
    Ok(found.map(|(commit, _)| commit.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryTree;

    #[test]
    fn an_address_says_nothing_of_who_used_it_and_where() {
        for (text, expected) in [
            ("git+https://user:secret@GitHub.com/a/B.git#v1", Some("https://github.com/a/B.git")),
            ("git@github.com:a/b.git", Some("ssh://github.com/a/b.git")),
            ("ssh://git@github.com:a/b.git", Some("ssh://github.com/a/b.git")),
            ("https://token@example.com:8443/a?x=1", Some("https://example.com:8443/a")),
            ("git+file:///home/me/x", None),
            ("symlink:///home/me/x", None),
            ("/home/me/x", None),
            ("../x", None),
            ("C:\\x", None),
        ] {
            assert_eq!(address(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn github_has_a_type_of_its_own_and_others_keep_their_address() {
        let purl = |url: &str, folder: Option<&str>| {
            let mut component = Component::new("generic", "name", None);
            set_origin(&mut component, url, Some("abc"), folder);
            component.purl.unwrap().to_string()
        };
        assert_eq!(purl("https://github.com/Owner/Repo.git", Some("a/b")), "pkg:github/owner/repo@abc#a/b");
        assert_eq!(purl("ssh://github.com/o/r.git", None), "pkg:github/o/r@abc");
        let elsewhere = purl("https://example.com/o/r.git", None);
        assert_eq!(elsewhere, "pkg:generic/name@abc?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fo%2Fr.git%40abc");
    }

    #[test]
    fn the_commit_is_that_of_head_wherever_it_is_kept() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let tree = MemoryTree::new([
            ("x/.git/HEAD", format!("{a}\n")),
            ("y/.git/HEAD", "ref: refs/heads/main\n".to_owned()),
            ("y/.git/refs/heads/main", format!("{b}\n")),
            ("z/.git/HEAD", "ref: refs/heads/main\n".to_owned()),
            (
                "z/.git/packed-refs",
                format!("# pack-refs with: peeled\n{a} refs/heads/main2\n{b} refs/heads/main\n"),
            ),
            ("w/.git/HEAD", "ref: ../../secret\n".to_owned()),
            ("secret", a.clone()),
        ]);
        let commit = |folder| checked_out(&tree, folder).unwrap();
        assert_eq!((commit("x"), commit("y"), commit("z")), (Some(a), Some(b.clone()), Some(b)));
        assert_eq!((commit("w"), commit("none")), (None, None));
    }
}
