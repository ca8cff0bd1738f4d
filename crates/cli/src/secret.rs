//! Secrets: the only place where they are read from the environment, from files and from descriptors.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use clap::error::{ContextKind, ContextValue};
use lw_model::{Diagnose, Finding, Level};
use lw_secret::{Secret, SecretSource, SourceError, is_key_material, looks_like_secret};

use crate::context::Context;
use crate::error::Error;
use crate::files::SecretFileError;
use crate::finish;

/// The most bytes a secret may have.
const LARGEST: usize = 1 << 20;

/// The most characters a token may have that a CI is told to hide.
const LONGEST_TOKEN: usize = 16 << 10;

/// Why a secret is missing where it was set up.
const MISSING: &str = "pull requests from forks get no secrets, and runs of Dependabot only its own; a secret of an environment needs `environment:` in the job, a reusable workflow needs `secrets: inherit`; the step gets it with `env:`, such as `NAME: ${{ secrets.NAME }}`";

/// Names of the variables that held a secret: no program gets them.
static WITHHELD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

impl Context {
    /// Reads a secret; `what` names it for messages: `signing key`.
    ///
    /// Before the first one is read, the process is made one that leaves no core file and that other processes of the user
    /// cannot look into. A variable that held one reaches no program that the run starts. A file that others may read is a
    /// warning in the report. Standard input and descriptors are read once.
    ///
    /// To be called when everything is known that needs no secret: inputs are parsed first.
    ///
    /// # Errors
    /// When there is none, or an empty one: a CI gives an empty one where it gives none.
    pub fn secret(&self, source: &SecretSource, what: &str) -> Result<Secret, Error> {
        harden().map_err(|error| {
            Error::remote(format!("{what}: not read, because the process cannot be protected: {error}"))
        })?;
        let secret = match source {
            SecretSource::Env(name) => self.secret_of_environment(name, what)?,
            SecretSource::Stdin => self.secret_of_file(Path::new("-"), source, what)?,
            SecretSource::Descriptor(number) => {
                self.secret_of_file(&PathBuf::from(format!("/dev/fd/{number}")), source, what)?
            }
            SecretSource::File(path) => self.secret_of_file(path, source, what)?,
        };
        if secret.is_blank() {
            let empty = match source {
                SecretSource::Env(name) => format!("the environment variable {name} is empty"),
                _ => format!("{source} is empty"),
            };
            return Err(self.missing(&format!("{what}: {empty}"), source));
        }
        Ok(secret)
    }

    /// Writes a secret into a new file that only its owner may read. It is no artifact of the run: nothing of it is reported.
    ///
    /// # Errors
    /// When there is something of the name already, or it cannot be written.
    pub fn write_secret(&self, path: &Path, secret: &Secret) -> Result<(), Error> {
        self.files.write_secret(path, secret.expose())
    }

    /// Has the CI hide a token in its logs, from now on: to be called the moment one is made or received. Nothing on a CI
    /// that learns secrets from its own settings only.
    ///
    /// For tokens of one line alone. To hide a value a CI has to be told it, on GitHub in the log itself, where another
    /// process may read it before it is hidden: a key is never told.
    ///
    /// # Errors
    /// When it is no token of one line: a defect of the tool.
    pub fn mask(&self, token: &Secret) -> Result<(), Error> {
        let text = token.expose_text().filter(|text| text.len() <= LONGEST_TOKEN && !is_key_material(token));
        let Some(text) = text else {
            return Err(Error::internal("a key was to be masked in the log, which would print it"));
        };
        finish::perform(self.ci().mask(text), self.host());
        Ok(())
    }

    fn secret_of_environment(&self, name: &str, what: &str) -> Result<Secret, Error> {
        WITHHELD.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        let Some(value) = self.host().env.get(name) else {
            let message = format!("{what}: the environment variable {name} is not set");
            return Err(self.missing(&message, &SecretSource::Env(name.to_owned())));
        };
        // The environment is read lossily.
        if value.contains('\u{fffd}') {
            return Err(Error::input(format!("{what}: the environment variable {name} is not UTF-8"))
                .hint("a binary secret is kept in a variable as Base64"));
        }
        Ok(Secret::new(value.clone().into_bytes()))
    }

    fn secret_of_file(&self, path: &Path, source: &SecretSource, what: &str) -> Result<Secret, Error> {
        if !matches!(source, SecretSource::File(_)) {
            let mut read = self.secrets_read.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(before) = read.insert(source.to_string(), what.to_owned()) {
                return Err(Error::usage(format!("{what}: {source} was already read, as the {before}"))
                    .hint("it can be read once: give one of the two in an environment variable, with `env:NAME`"));
            }
        }
        let file = self.files.read_secret(path, LARGEST).map_err(|error| match error {
            SecretFileError::Output(error) => error,
            SecretFileError::Read(error) if error.kind() == std::io::ErrorKind::NotFound && is_bare(path) => {
                // Somebody may have written a passphrase where its source belongs.
                Error::input(format!("{what}: there is no file of the name that was given; it is not shown"))
                    .hint("if it is the secret itself, put it into an environment variable and name that with `env:NAME`")
            }
            SecretFileError::Read(error) => {
                let error = Error::input(format!("{what}: {source}: {error}"));
                error.hint("a secret is read from `env:NAME`, `fd:N`, `-` or a regular file")
            }
        })?;
        if let Some((mode, may)) = file.metadata.as_ref().and_then(exposed) {
            let shown = self.display_path(path);
            let rule = format!("{}/exposed-secret", self.entry.name);
            let message = format!("{shown} (mode {mode:04o}): others on this machine may {may} the {what}");
            let help =
                "take it away from them (`chmod 600`), and replace the secret where they could have read it";
            self.note(Finding::new(rule, Level::Warning, &shown, message).help(help));
        }
        Ok(Secret::from(file.bytes))
    }

    fn missing(&self, message: &str, source: &SecretSource) -> Error {
        let error = match self.trust().why() {
            Some(why) if matches!(source, SecretSource::Env(_)) => {
                Error::input(format!("{message}; this run may be one that gets no secrets: {why}"))
            }
            _ => Error::input(message),
        };
        match source {
            SecretSource::Env(_) => error.hint(MISSING),
            _ => error.hint("what writes it may have got no secret itself"),
        }
    }
}

/// Whether text that names the source of a secret may be the secret: it names neither a variable nor a descriptor, and no
/// file that looks like one.
pub(crate) fn may_be_secret(text: &str) -> bool {
    match text.parse() {
        Ok(SecretSource::File(path)) => is_bare(&path),
        Ok(_) => false,
        Err(_) => true,
    }
}

/// A name without a folder and an ending, as a passphrase looks.
fn is_bare(path: &Path) -> bool {
    !path.to_string_lossy().contains(['/', '\\', '.'])
}

/// The mode of a file that is not its owner's alone, and what others may do with it.
#[cfg(unix)]
fn exposed(metadata: &Metadata) -> Option<(u32, &'static str)> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    let may = match (mode & 0o044 != 0, mode & 0o022 != 0) {
        (true, true) => "read and change",
        (true, false) => "read",
        (false, true) => "change",
        (false, false) => return None,
    };
    Some((mode, may))
}

#[cfg(not(unix))]
fn exposed(_: &Metadata) -> Option<(u32, &'static str)> {
    None
}

/// Takes from a program the variables that held a secret.
pub(crate) fn withhold(command: &mut Command) {
    for name in WITHHELD.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        command.env_remove(name);
    }
}

/// Whether a variable held a secret.
pub(crate) fn is_withheld(name: &str) -> bool {
    WITHHELD.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
}

/// Makes the process leave no core file, and, on Linux, one that no other process of the user may trace or read the memory
/// and the environment of: `PR_SET_DUMPABLE` does both, also where a program takes the core files (core(5)).
fn harden() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    Ok(())
}

/// What clap says of a command line in which a secret stands, without the secret: clap repeats the values it refuses.
pub(crate) fn refused_by_clap(error: &clap::Error) -> Option<Error> {
    let cause =
        std::error::Error::source(error).and_then(|source| source.downcast_ref::<SourceError>()).copied();
    let quotes_secret = || {
        error.context().any(|(_, value)| match value {
            ContextValue::String(text) => text_of_argument(text),
            ContextValue::Strings(texts) => texts.iter().any(|text| text_of_argument(text)),
            _ => false,
        })
    };
    let cause = cause.or_else(|| quotes_secret().then_some(SourceError::IsSecret))?;
    let argument = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(text)) if !text_of_argument(text) => format!("{text}: "),
        _ => String::new(),
    };
    let refusal = Error::usage(format!("{argument}{cause}"));
    Some(match cause.hint() {
        Some(hint) => refusal.hint(hint),
        None => refusal,
    })
}

/// Whether an argument is or holds a secret: `--key=MII…`. Hexadecimal digits are a digest more often than a key.
fn text_of_argument(text: &str) -> bool {
    let value = text.split_once('=').map_or(text, |(_, value)| value);
    let is_digest = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    [text, value].into_iter().any(|text| looks_like_secret(text) && !is_digest(text))
}
