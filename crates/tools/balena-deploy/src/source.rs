//! The source of a build: what of a folder is sent, or a tarball.

use std::collections::BTreeMap;
use std::io::{self, Read};

use lw_balena_build::{Entry, Ignore, Kind, Tarball, contexts, gzipped, replaced};
use lw_cli::{Context, Error, InputDetail, InputFolder, InputKind, ResultExt as _};
use lw_model::lists::sort_by;
use lw_model::{Fact, Report};
use lw_secret::Secret;

use crate::args::Contents;
use crate::error::SourceError;

/// Where the builder looks for the credentials of registries.
const REGISTRY_SECRETS: &str = ".balena/registry-secrets.json";

/// The longest file of rules that is read.
const MOST_RULES: u64 = 1 << 20;

/// The most files of a source.
const MOST_FILES: usize = 1_000_000;

/// What is sent.
pub(crate) enum Source<'a> {
    /// What of a folder is sent.
    Folder(InputFolder<'a>, Vec<Entry>),
    /// A tarball.
    Tarball(Box<dyn Read + 'a>),
}

impl<'a> Source<'a> {
    /// Looks at the source; of a folder, at all of it.
    pub(crate) fn find(build: &Contents, cx: &'a Context, report: &mut Report) -> Result<Self, Error> {
        let full = cx.resolve(&build.source);
        if !full.is_dir() {
            return Ok(Self::Tarball(Box::new(cx.stream(&build.source)?)));
        }
        let folder = cx.folder(&build.source)?;
        let entries = list(&folder, build, cx)?;
        if !entries.iter().any(|entry| is_built(&entry.path, build)) {
            return Err(SourceError::NothingToBuild(cx.display_path(&build.source)).into());
        }
        report.facts.push(Fact { name: "files".to_owned(), subject: None, value: entries.len().to_string() });
        Ok(Self::Folder(folder, entries))
    }

    /// The whole as it is sent.
    pub(crate) fn read(self, secrets: Option<&'a Secret>) -> Result<Box<dyn Read + 'a>, Error> {
        let first = secrets.map(|secret| Entry {
            path: REGISTRY_SECRETS.to_owned(),
            kind: Kind::File { size: secret.expose().len() as u64, is_executable: false },
            modified: 0,
        });
        let secret = move || -> Box<dyn Read + 'a> {
            match secrets {
                Some(secret) => Box::new(secret.expose()),
                None => Box::new(io::empty()),
            }
        };
        match self {
            Self::Tarball(tarball) => {
                let before = Tarball::new(first.into_iter().collect(), move |_| Ok(secret()));
                Ok(replaced(tarball, before).map_err(SourceError::Tarball)?)
            }
            Self::Folder(folder, entries) => {
                let entries = first.into_iter().chain(entries).collect();
                let open = move |path: &str| -> io::Result<Box<dyn Read + 'a>> {
                    if path == REGISTRY_SECRETS { Ok(secret()) } else { Ok(Box::new(folder.stream(path)?)) }
                };
                Ok(Box::new(gzipped(Tarball::new(entries, open))))
            }
        }
    }
}

/// Whether the builder takes a file for what to build from.
fn is_built(path: &str, build: &Contents) -> bool {
    let is_named = build.dockerfile.as_deref().is_some_and(|name| name.trim_start_matches("./") == path);
    let name = path.rsplit('/').next().unwrap_or(path);
    is_named
        || (!path.contains('/')
            && (name == "Dockerfile"
                || name.starts_with("Dockerfile.")
                || ["docker-compose.yml", "package.json"].contains(&name)))
}

/// Everything in a folder that its rules do not leave out, by name.
fn list(folder: &InputFolder<'_>, build: &Contents, cx: &Context) -> Result<Vec<Entry>, Error> {
    let shown = cx.display_path(&build.source);
    let rules = rules(folder, build, &shown)?;
    let progress = cx.progress("reading the source", None);
    let mut entries = Vec::new();
    let mut todo = vec![String::new()];
    while let Some(below) = todo.pop() {
        let place = |error: io::Error| SourceError::Unreadable { path: format!("{shown}/{below}"), error };
        for found in folder.list(&below).map_err(place)? {
            progress.advance(1);
            let path = if below.is_empty() { found.name } else { format!("{below}/{}", found.name) };
            let (ignore, inner) = rules.of(&path);
            if found.kind == InputKind::Folder {
                if !ignore.passes_over(inner) {
                    todo.push(path);
                }
                continue;
            }
            if ignore.leaves_out(inner) {
                continue;
            }
            let wrong = |error| SourceError::Unreadable { path: format!("{shown}/{path}"), error };
            let kind = match folder.detail(&path).map_err(wrong)? {
                Some(InputDetail::File { size, is_executable, modified }) => {
                    (Kind::File { size, is_executable }, modified)
                }
                Some(InputDetail::Link { target, modified }) => (Kind::Link(target), modified),
                Some(InputDetail::LinkOut(target)) => {
                    return Err(SourceError::LeadsOut { path: format!("{shown}/{path}"), target }.into());
                }
                Some(InputDetail::Special(what)) => {
                    return Err(SourceError::Special { path: format!("{shown}/{path}"), what }.into());
                }
                Some(InputDetail::Folder) => continue,
                // Its name is no UTF-8, or it is gone.
                None => return Err(SourceError::Name(format!("{shown}/{path}")).into()),
            };
            entries.push(Entry { path, kind: kind.0, modified: kind.1 });
            if entries.len() > MOST_FILES {
                return Err(SourceError::TooMany(shown).into());
            }
        }
    }
    sort_by(&mut entries, |a, b| a.path.cmp(&b.path));
    Ok(entries)
}

/// Rules by the folders they are of; those of the source itself are always there.
struct Rules {
    root: Ignore,
    services: BTreeMap<String, Ignore>,
}

impl Rules {
    /// The rules that hold for a path, and its path from their folder: those of the innermost service, and no others.
    fn of<'p>(&self, path: &'p str) -> (&Ignore, &'p str) {
        let inner = |(base, ignore)| {
            let rest = path.strip_prefix(String::as_str(base))?;
            Some((ignore, rest.strip_prefix('/')?))
        };
        let found =
            self.services.iter().filter_map(inner).min_by_key(|(_, rest): &(&Ignore, &str)| rest.len());
        found.unwrap_or((&self.root, path))
    }
}

fn rules(folder: &InputFolder<'_>, build: &Contents, shown: &str) -> Result<Rules, Error> {
    let text = |path: &str| -> Result<String, Error> {
        let wrong = |error| SourceError::Unreadable { path: format!("{shown}/{path}"), error };
        let bytes = folder.read(path, MOST_RULES).map_err(wrong)?.unwrap_or_default();
        String::from_utf8(bytes).map_err(|_| SourceError::NotUtf8(format!("{shown}/{path}")).into())
    };
    let read = |path: &str| -> Result<Ignore, Error> {
        Ignore::parse(&text(path)?).context(format!("{shown}/{path}"))
    };
    let mut services = BTreeMap::new();
    if build.multi_dockerignore {
        let composition = text("docker-compose.yml")?;
        for context in contexts(&composition).context(format!("{shown}/docker-compose.yml"))? {
            if !context.is_empty() {
                let ignore = read(&format!("{context}/.dockerignore"))?;
                services.insert(context, ignore);
            }
        }
    }
    Ok(Rules { root: read(".dockerignore")?, services })
}
