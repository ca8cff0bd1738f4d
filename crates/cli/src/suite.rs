//! What the suite's own commands need of the edge, which are about the tools and not one of them: a look at what `lw.toml`
//! says to each, a tool's figures without its outputs, and what the machine allows.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Arg, FromArgMatches};
use lw_ci::{CiContext, Step};
use lw_history::{Base, Repository};
use lw_model::Report;

use crate::args::Common;
use crate::base;
use crate::config::change::Reader;
use crate::config::settings;
use crate::config::source::ConfigFiles;
use crate::context::{Context, Origin, Origins};
use crate::error::{Error, ResultExt};
use crate::host;
use crate::inputs::name_of;
use crate::run::{clap_error, parse};
use crate::store::Baselines;
use crate::tool::Entry;

/// A path that `lw.toml` names for a tool to read.
#[derive(Clone, Debug)]
pub struct NamedInput {
    /// The key: `elf`.
    pub key: String,
    /// The path, or a pattern of paths.
    pub path: String,
    /// Where it stands: `lw.toml:3`.
    pub origin: Origin,
}

impl Context {
    /// What the `lw.toml` of the checkout says to a tool, held to everything a run of the tool would hold it to: the paths
    /// that are inputs. `None` where no file has a section of the tool.
    ///
    /// # Errors
    /// When a file is no TOML, or a section, key or value is not one of the tool's; with file and line.
    pub fn configured(&self, entry: &Entry, tools: &[&str]) -> Result<Option<Vec<NamedInput>>, Error> {
        let sources = ConfigFiles::Search.in_workspace(self.host(), self.files())?;
        let command = entry.command().subcommand_required(false).arg_required_else_help(false);
        let reader = Reader {
            command: &command,
            declared: entry.sections,
            trusted: entry.trusted,
            given: Default::default(),
            tools,
            files: self.files(),
            environment: None,
        };
        let (settings, _) = reader.read(&sources)?;
        // Each subcommand has arguments of its own.
        let subcommands = command.get_subcommands().map(|sub| sub.get_name().to_owned());
        let mut calls: Vec<Vec<OsString>> = subcommands.map(|name| vec![name.into()]).collect();
        if calls.is_empty() {
            calls.push(Vec::new());
        }
        for call in &calls {
            let matches = parse(&command, call, entry.name).map_err(|error| clap_error(&error))?;
            let merged = settings::merge(&command, &matches, &settings, false);
            parse(&command, &merged.argv, entry.name).map_err(|error| {
                let refused = |argv: &[OsString]| {
                    parse(&command, argv, entry.name).err().map(|error| clap_error(&error))
                };
                let blamed = settings::blame(&command, matches.subcommand_name(), &merged.settings, refused);
                blamed.unwrap_or_else(|| clap_error(&error))
            })?;
        }
        let all = command.get_subcommands().flat_map(clap::Command::get_arguments);
        let arguments: Vec<&Arg> = all.chain(command.get_arguments()).filter(|arg| is_input(arg)).collect();
        let mut named: Vec<NamedInput> = Vec::new();
        for arg in arguments {
            let key = name_of(arg);
            if named.iter().any(|input| input.key == key) {
                continue;
            }
            named.extend(settings.texts(arg.get_id().as_str()).map(|(path, origin)| NamedInput {
                key: key.clone(),
                path,
                origin,
            }));
        }
        let has_section = sources.iter().any(|source| reader.has_section(source).unwrap_or_default());
        Ok(has_section.then_some(named))
    }

    /// Whether there is an `lw.toml` that counts for a run here.
    ///
    /// # Errors
    /// When one is there and cannot be read.
    pub fn has_configuration(&self) -> Result<bool, Error> {
        let sources = ConfigFiles::Search.in_workspace(self.host(), self.files())?;
        Ok(sources.iter().next().is_some())
    }

    /// The report of another tool called with these arguments, and nothing else of it: it prints nothing, sets no outputs, and
    /// neither `lw.toml` nor the CI says anything to it.
    ///
    /// # Errors
    /// Those of the tool.
    pub fn report_of(&self, entry: &Entry, argv: &[OsString]) -> Result<Report, Error> {
        let command = entry.command();
        let matches = parse(&command, argv, entry.name).map_err(|error| clap_error(&error))?;
        let common = Common::from_arg_matches(&matches).map_err(|error| clap_error(&error))?;
        let step = Step { tool: entry.name.to_owned(), suite: Vec::new(), nonce: host::nonce() };
        let ci = (lw_ci::detect(&|_| None, step), CiContext::default());
        let files = Arc::clone(&self.files);
        let set = (Origins::new(), Default::default());
        let mut cx =
            Self::new(*entry, self.host().clone(), files, ci, (common, Baselines::NONE), set, Vec::new());
        let mut report = Report::new(entry.name, crate::VERSION);
        (entry.run)(&matches, &mut cx, &mut report)?;
        Ok(report)
    }

    /// What a change is compared with in this run, and why.
    ///
    /// # Errors
    /// When what the CI names is not in the clone, telling how to fetch it.
    pub fn base_of(&self, repository: &Repository) -> Result<Base, Error> {
        Ok(base::compared_with(self.ci_context(), repository, "HEAD")?)
    }

    /// Name of the CI the run is on: `github`, `gitlab`, `terminal`.
    #[must_use]
    pub fn ci_name(&self) -> &'static str {
        self.ci().id()
    }

    /// The folder programs make temporary files in.
    #[must_use]
    pub fn temporary_folder(&self) -> PathBuf {
        self.host().var("TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from)
    }

    /// Makes a file in a folder and removes it, to see whether that can be done.
    ///
    /// # Errors
    /// When it cannot.
    pub fn ensure_writable(&self, folder: &Path) -> Result<(), Error> {
        let folder = self.resolve(folder);
        let path = folder.join(format!(".lw-{}", host::nonce()));
        let made = OpenOptions::new().write(true).create_new(true).open(&path).map(drop);
        made.and_then(|()| fs::remove_file(&path))
            .map_err(|error| Error::remote(error.to_string()))
            .context(folder.display().to_string())
    }
}

/// Whether an argument names files or folders to read.
fn is_input(arg: &Arg) -> bool {
    let names = arg.get_value_names().unwrap_or_default();
    let is_path = names.iter().any(|name| matches!(name.as_str(), "FILE" | "FOLDER"));
    is_path && matches!(arg.get_help_heading(), Some("Inputs"))
}
