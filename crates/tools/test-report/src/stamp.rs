//! `stamp`: which commit and attempt a result file is of, kept beside it.

use std::path::{Path, PathBuf};

use lw_cli::{Context, Error};
use lw_model::Report;
use lw_syntax::json;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::args::Stamp;

/// What is put behind the name of the result file.
pub(crate) const SUFFIX: &str = ".stamp.json";

/// The longest stamp; ours are a few lines.
const MAX_BYTES: usize = 1 << 16;

/// What a stamp says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamped {
    /// Always `lw-test-stamp/1`.
    schema: String,
    /// SHA-256 of the result file.
    sha256: String,
    /// Full id of the commit that was tested.
    pub(crate) commit: String,
    /// Which attempt of the run it was, from 1.
    pub(crate) attempt: u64,
}

const SCHEMA: &str = "lw-test-stamp/1";

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(SUFFIX);
    PathBuf::from(name)
}

/// The commit the results have to be of, where it is known.
///
/// # Errors
/// When the user gave something that is no full id.
pub(crate) fn commit(given: Option<&String>, cx: &Context) -> Result<Option<String>, Error> {
    let commit = match given {
        Some(given) if lw_history::is_full_id(given) => given,
        Some(given) => {
            return Err(Error::usage(format!("`{given}` is no commit"))
                .hint("give all 40 digits, as `git rev-parse HEAD` prints them"));
        }
        None => match &cx.ci_context().commit {
            Some(commit) => commit,
            None => return Ok(None),
        },
    };
    Ok(Some(commit.to_ascii_lowercase()))
}

/// Writes a stamp beside each file.
///
/// # Errors
/// When there is no file, none of the commit, or a stamp cannot be written.
pub(crate) fn run(args: &Stamp, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    if args.files.results.is_empty() {
        return Err(Error::usage("there is no result file to stamp").hint("lw test-report stamp results.xml"));
    }
    let commit = commit(args.files.commit.as_ref(), cx)?.ok_or_else(|| {
        Error::usage("which commit was tested is not known").hint("give --commit \"$(git rev-parse HEAD)\"")
    })?;
    let attempt = args.attempt.or(cx.ci_context().run_attempt).unwrap_or(1);
    let mut paths = cx.expand(&args.files.results, report)?;
    paths.retain(|path| !path.to_string_lossy().ends_with(SUFFIX));
    for path in &paths {
        let bytes = cx.open(path)?;
        let sha256 = base16ct::lower::encode_string(&Sha256::digest(&bytes[..]));
        let stamp = Stamped { schema: SCHEMA.into(), sha256, commit: commit.clone(), attempt };
        let mut text = serde_json::to_string_pretty(&stamp).map_err(Error::internal)?;
        text.push('\n');
        cx.write(&beside(path), |out| out.write_all(text.as_bytes()))?;
    }
    cx.figure(if paths.len() == 1 {
        "1 file stamped".to_owned()
    } else {
        format!("{} files stamped", paths.len())
    });
    cx.judge(report, None);
    Ok(())
}

/// What the stamp beside a file says; `None` without one. The reason when it is not of this file, or not of this commit.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn look(
    path: &Path,
    digest: &[u8],
    commit: Option<&str>,
    cx: &lw_cli::Files,
) -> Result<Option<Result<Stamped, String>>, Error> {
    let stamp = beside(path);
    if !cx.resolve(&stamp).is_file() {
        return Ok(None);
    }
    let bytes = cx.open(&stamp)?;
    let text = bytes.get(..MAX_BYTES).unwrap_or(&bytes);
    let stamped = match json::from_slice::<Stamped>(text) {
        Ok(stamped) if stamped.schema == SCHEMA => stamped,
        Ok(_) => return Ok(Some(Err("its stamp is of an unknown version".into()))),
        Err(fault) => return Ok(Some(Err(format!("its stamp cannot be read: {}", fault.placed(text))))),
    };
    let sha256 = base16ct::lower::encode_string(digest);
    if sha256 != stamped.sha256 {
        return Ok(Some(Err("it is not the file that was stamped".into())));
    }
    match commit {
        Some(commit) if commit != stamped.commit => {
            let short = |commit: &str| commit.get(..12).unwrap_or(commit).to_owned();
            let why = format!("it is of commit {}, and {} is tested", short(&stamped.commit), short(commit));
            Ok(Some(Err(why)))
        }
        _ => Ok(Some(Ok(stamped))),
    }
}
