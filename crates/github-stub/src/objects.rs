//! Objects as git names them.

use std::collections::BTreeMap;

use base16ct::lower::encode_string;
use sha1::{Digest, Sha1};

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    Blob(Vec<u8>),
    /// Mode and name of each entry, by their names.
    Tree(BTreeMap<String, (String, String)>),
    /// An annotated tag of a commit.
    Tag {
        commit: String,
        name: String,
        who: String,
        /// Seconds since 1970.
        at: u64,
    },
    Commit {
        tree: String,
        parents: Vec<String>,
        message: String,
        who: String,
        /// Seconds since 1970.
        at: u64,
    },
}

/// The objects of a repository by their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objects(BTreeMap<String, Object>);

fn hash(kind: &str, content: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(format!("{kind} {}\0", content.len()));
    hash.update(content);
    encode_string(&hash.finalize())
}

fn name(object: &Object) -> String {
    match object {
        Object::Blob(content) => hash("blob", content),
        Object::Tree(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            // Folders stand as if their names ended with a slash.
            #[allow(clippy::disallowed_methods, reason = "no binary that is shipped has it")]
            sorted.sort_by_key(
                |(name, (mode, _))| {
                    if mode == "040000" { format!("{name}/") } else { (*name).clone() }
                },
            );
            let mut content = Vec::new();
            for (name, (mode, id)) in sorted {
                content.extend_from_slice(format!("{} {name}\0", mode.trim_start_matches('0')).as_bytes());
                content.extend(base16ct::mixed::decode_vec(id).unwrap_or_default());
            }
            hash("tree", &content)
        }
        Object::Tag { commit, name, who, at } => {
            let who = format!("{who} <{who}@users.noreply.github.com> {at} +0000");
            let content = format!("object {commit}\ntype commit\ntag {name}\ntagger {who}\n\n{name}\n");
            hash("tag", content.as_bytes())
        }
        Object::Commit { tree, parents, message, who, at } => {
            let mut content = format!("tree {tree}\n");
            for parent in parents {
                content.push_str(&format!("parent {parent}\n"));
            }
            let who = format!("{who} <{who}@users.noreply.github.com> {at} +0000");
            content.push_str(&format!("author {who}\ncommitter {who}\n\n{message}"));
            hash("commit", content.as_bytes())
        }
    }
}

impl Objects {
    pub(crate) fn add(&mut self, object: Object) -> String {
        let name = name(&object);
        self.0.insert(name.clone(), object);
        name
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Object> {
        self.0.get(id)
    }

    pub(crate) fn parents(&self, id: &str) -> Option<&[String]> {
        match self.0.get(id)? {
            Object::Commit { parents, .. } => Some(parents),
            _ => None,
        }
    }

    /// Whether a commit is another one or behind it.
    pub(crate) fn is_ancestor(&self, older: &str, newer: &str) -> bool {
        let mut todo = vec![newer.to_owned()];
        while let Some(id) = todo.pop() {
            if id == older {
                return true;
            }
            todo.extend(self.parents(&id).unwrap_or_default().iter().cloned());
        }
        false
    }

    /// The entries of a tree, with those of its folders when it is read through: path, mode, name.
    pub(crate) fn entries(&self, tree: &str, is_read_through: bool) -> Option<Vec<(String, String, String)>> {
        let Object::Tree(entries) = self.0.get(tree)? else { return None };
        let mut found = Vec::new();
        for (name, (mode, id)) in entries {
            found.push((name.clone(), mode.clone(), id.clone()));
            if is_read_through && mode == "040000" {
                for (path, mode, id) in self.entries(id, true)? {
                    found.push((format!("{name}/{path}"), mode, id));
                }
            }
        }
        Some(found)
    }

    /// Writes the tree of these files: path to mode and name.
    pub(crate) fn tree(&mut self, files: &BTreeMap<String, (String, String)>) -> String {
        let mut entries = BTreeMap::new();
        let mut folders: BTreeMap<String, BTreeMap<String, (String, String)>> = BTreeMap::new();
        for (path, entry) in files {
            match path.split_once('/') {
                Some((folder, rest)) => {
                    folders.entry(folder.to_owned()).or_default().insert(rest.to_owned(), entry.clone());
                }
                None => {
                    entries.insert(path.clone(), entry.clone());
                }
            }
        }
        for (folder, files) in folders {
            let id = self.tree(&files);
            entries.insert(folder, ("040000".to_owned(), id));
        }
        self.add(Object::Tree(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_have_the_names_that_git_gives_them() {
        let mut objects = Objects::default();
        // `git hash-object`, and the empty tree that every repository knows.
        assert_eq!(
            objects.add(Object::Blob(b"hello\n".to_vec())),
            "ce013625030ba8dba906f756967f9e9ca394464a"
        );
        assert_eq!(objects.add(Object::Tree(BTreeMap::new())), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    }
}
