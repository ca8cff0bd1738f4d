//! `sign`: signs files.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use lw_ci::Trust;
use lw_cli::{Context, Error};
use lw_model::{Align, Fact, Finding, Level, Location, Report, Table};
use lw_signature::{Digest, Hash, KeyFormat, Signer, digest_of};
use lw_signed::{Keys, NamedKey};

use crate::args::{OnFork, Sign};
use crate::artifacts::{self, Listed};
use crate::content::{self, Content};
use crate::error::ToolError;
use crate::keys::{self, SigningKey};
use crate::make::{self, Job, Made, TextOptions};
use crate::scheme::Scheme;

/// A file to sign.
struct Input {
    path: PathBuf,
    content: Option<Content>,
    /// What the report of another step has of it.
    listed: Option<Listed>,
}

impl Input {
    /// Whether there is a digest to sign and no file.
    fn is_digest_alone(&self) -> bool {
        self.listed.as_ref().is_some_and(|listed| !listed.is_there)
    }
}

/// Signs files.
///
/// # Errors
/// When a key or a file is not what it should be, the run may not sign, or what was made does not verify.
pub(crate) fn run(args: &Sign, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let paths = cx.expand(&args.inputs.input, report)?;
    let mut inputs: Vec<Input> =
        paths.into_iter().map(|path| Input { path, content: None, listed: None }).collect();
    if let Some(report) = &args.artifacts {
        for listed in artifacts::listed(report, cx)? {
            let path = listed.path.clone();
            inputs.retain(|input| cx.resolve(&input.path) != path);
            inputs.push(Input { path, content: None, listed: Some(listed) });
        }
    }
    if inputs.is_empty() {
        return Err(Error::usage("there is nothing to sign")
            .hint("give --input, or --artifacts with the report of the step that made the files"));
    }
    if inputs.len() > 1 && args.output.output.is_some() {
        return Err(Error::usage(format!("--output names one file, and {} are to be signed", inputs.len()))
            .hint("leave it out: each signature is written beside its file"));
    }
    cx.output("signed", "false");
    if !may_sign(args.on_fork, args.allow_unknown_run, cx, report)? {
        cx.figure("nothing was signed");
        return Ok(());
    }
    // Everything hostile is read before a key is.
    for input in &mut inputs {
        if input.is_digest_alone() {
            if let Some(scheme) = args.scheme.scheme {
                takes_digest_alone(scheme, &input.path, cx)?;
            }
        } else {
            input.content = wanted_content(args.scheme.scheme, &args.embed, &input.path, cx)?;
        }
    }

    let made = {
        // The context is lent to programs that sign.
        let cx: &Context = cx;
        let keys = keys::signing(&args.key, cx, report)?;
        let mut made = Vec::new();
        for input in &inputs {
            made.push(one(input, &keys, args, cx, report)?);
        }
        made
    };
    let columns =
        [("File", Align::Left), ("Scheme", Align::Left), ("Key", Align::Left), ("Written to", Align::Left)];
    let mut table = Table::new("signed", "Signed", &columns);
    let (mut outputs, mut alone) = (Vec::new(), 0_usize);
    for Signed { input, output, scheme, keys, made, sha256, is_digest_alone } in made {
        let name = cx.display_path(&output);
        if is_digest_alone {
            alone += 1;
            let message = format!(
                "{input}: it is not here; what was signed is the SHA-256 that the report of another step has of it, {sha256}"
            );
            report.add_finding(Finding::new("sign/digest-alone", Level::Warning, &input, message));
        }
        match made {
            Made::Detached(bytes) => {
                // The folder is where the file was, which may be another machine.
                if is_digest_alone && let Some(folder) = output.parent() {
                    cx.files().make_folder(folder)?;
                }
                cx.write(&output, |out| out.write_all(&bytes))?;
            }
            Made::Embedded(pending) => {
                let (digest, length) = digest_of_pending(&pending, &output, cx)?;
                pending.publish().map_err(|error| cx.unwritable(&output, &error))?;
                cx.add_artifact(&output, &digest, length);
            }
        }
        for (name, value) in [("scheme", scheme.name().to_owned()), ("sha256", sha256)] {
            report.facts.push(Fact { name: name.into(), subject: Some(input.clone()), value });
        }
        let short: Vec<String> = keys.iter().map(|key| key.chars().take(16).collect()).collect();
        let cells = [input, scheme.name().to_owned(), short.join(", "), name.clone()];
        table.rows.push(cells.map(lw_model::Cell::Text).to_vec());
        cx.output("scheme", scheme.name());
        cx.output("key-id", keys.join("\n"));
        outputs.push(name);
    }
    report.tables.push(table);
    cx.output("signed", "true");
    cx.output("path", outputs.join("\n"));
    let files = lw_model::counted(outputs.len(), "file");
    match alone {
        0 => cx.figure(format!("{files} signed")),
        alone => cx.figure(format!("{files} signed, {alone} by digest alone")),
    }
    Ok(())
}

/// Whether the run may sign; an untrusted one is an error or, when it is to be skipped, a warning.
pub(crate) fn may_sign(
    on_fork: OnFork,
    allow_unknown: bool,
    cx: &Context,
    report: &mut Report,
) -> Result<bool, Error> {
    match cx.trust() {
        Trust::Trusted => Ok(true),
        Trust::Untrusted { why } if on_fork == OnFork::Skip => {
            let message = format!("nothing was signed: {why}");
            report.add_finding(Finding::new("sign/fork", Level::Warning, "fork", message));
            Ok(false)
        }
        Trust::Untrusted { why } => Err(ToolError::Fork { why: why.clone() }.into()),
        Trust::Unknown { why } if !allow_unknown => {
            let error =
                Error::input(format!("nothing is signed in this run, because it may be anybody's: {why}"));
            Err(error.hint(
                "sign in a run of which the CI says who started it; --allow-unknown-run signs all the same",
            ))
        }
        Trust::Unknown { why } => {
            let message = format!("whether this run may be trusted with a key is not known: {why}");
            report.add_finding(Finding::new("sign/unknown-trust", Level::Warning, "trust", message));
            Ok(true)
        }
    }
}

/// Refuses to sign with this scheme what only a digest is there of.
fn takes_digest_alone(scheme: Scheme, path: &Path, cx: &Context) -> Result<(), ToolError> {
    match scheme.needs_file() {
        None => Ok(()),
        Some(why) => Err(ToolError::DigestAlone { file: cx.display_path(path), scheme: scheme.name(), why }),
    }
}

/// What is in a file, where that matters for the scheme.
pub(crate) fn wanted_content(
    scheme: Option<Scheme>,
    embed: &crate::args::EmbedArgs,
    path: &Path,
    cx: &Context,
) -> Result<Option<Content>, Error> {
    match scheme {
        Some(scheme) if scheme.is_embedded() => {
            let plain = scheme == Scheme::Mcuboot && embed.header_size.is_some();
            content::of(path, plain, cx).map(Some)
        }
        None if content::is_package(path, cx)? => Ok(Some(Content::Package)),
        // Opened, so that what cannot be read is said before a key is.
        _ => cx.stream(path).map(|_| None),
    }
}

/// The scheme that follows from key and file.
pub(crate) fn follows(key: &SigningKey<'_>, content: Option<&Content>) -> Scheme {
    match (content, key.format) {
        (Some(Content::Package), _) => Scheme::LwPackage,
        (_, Some(KeyFormat::Minisign)) => Scheme::Minisign,
        (_, Some(KeyFormat::Signify)) => Scheme::Signify,
        (_, Some(KeyFormat::OpenSsh)) => Scheme::Sshsig,
        _ => Scheme::of_key(key.public().kind()),
    }
}

/// A file that was signed.
struct Signed {
    input: String,
    output: PathBuf,
    scheme: Scheme,
    keys: Vec<String>,
    made: Made,
    sha256: String,
    is_digest_alone: bool,
}

fn one(
    input: &Input,
    keys: &[SigningKey<'_>],
    args: &Sign,
    cx: &Context,
    report: &mut Report,
) -> Result<Signed, Error> {
    let name = cx.display_path(&input.path);
    let Some(first) = keys.first() else { return Err(Error::usage("no key is given")) };
    let scheme = args.scheme.scheme.unwrap_or_else(|| {
        let scheme = follows(first, input.content.as_ref());
        let message = format!(
            "{name}: signed with the scheme {}, which follows from {} ({}) and the file",
            scheme.name(),
            first.source,
            first.public().kind()
        );
        let finding = Finding::new("sign/scheme-follows", Level::Note, &name, message);
        report.add_finding(finding.at(Some(Location::file(&name))));
        scheme
    });
    for key in keys {
        let kind = key.public().kind();
        if !make::takes(scheme, kind) {
            let (key, kind) = (key.source.clone(), kind.to_string());
            return Err(ToolError::Kind { key, kind, scheme: scheme.name() }.into());
        }
    }
    if input.is_digest_alone() {
        takes_digest_alone(scheme, &input.path, cx)?;
    }
    let output = match (&args.output.output, scheme.is_embedded()) {
        (Some(output), _) => output.clone(),
        (None, false) => {
            let mut beside = input.path.clone().into_os_string();
            beside.push(scheme.extension());
            beside.into()
        }
        (None, true) => {
            return Err(Error::usage(format!("{name}: --output is not given"))
                .hint("name the file of the signed image or package: the input is never written over"));
        }
    };
    let nothing = Content::Package;
    let job = Job {
        input: &input.path,
        content: input.content.as_ref().unwrap_or(&nothing),
        scheme,
        namespace: &args.scheme.namespace,
        embed: &args.embed,
        text: TextOptions {
            key_id: first.key_id,
            legacy: args.legacy,
            comment: args.comment.as_deref(),
            trusted_comment: args.trusted_comment.as_deref(),
        },
        sha256: Cell::new(None),
        listed: input.listed.as_ref().map(|listed| listed.sha256),
    };
    let progress = cx.progress(&format!("sign {name}"), None);
    let signers: Vec<&dyn Signer> = keys.iter().map(|key| &*key.signer).collect();
    let made = job.make(&signers, &output, cx)?;
    if let Made::Embedded(pending) = &made {
        let trusted = keys.iter().map(|key| NamedKey { name: key.source.clone(), key: key.public().clone() });
        let trusted = Keys { trusted: trusted.collect(), ..Keys::default() };
        make::check(pending, scheme, &args.embed, &trusted, &name)?;
    }
    drop(progress);
    let sha256 = match (job.sha256.take(), &input.content) {
        (Some(digest), _) => Some(digest),
        (None, Some(Content::File(scanned))) => Digest::new(Hash::Sha256, &scanned.digests.sha256),
        _ => {
            let digest = digest_of(Hash::Sha256, cx.stream(&input.path)?);
            Some(digest.map_err(|error| cx.unreadable(&input.path, &error))?)
        }
    };
    if let (Some(found), Some(listed)) = (&sha256, &input.listed) {
        // It may have been changed since it was held to the report.
        artifacts::changed(found, &listed.sha256, &name, "the report")?;
    }
    let sha256 = sha256.map(|digest| base16ct::lower::encode_string(digest.as_bytes())).unwrap_or_default();
    Ok(Signed {
        input: name,
        output,
        scheme,
        keys: keys.iter().map(|key| keys::hex(key.public())).collect(),
        made,
        sha256,
        is_digest_alone: input.is_digest_alone(),
    })
}

/// SHA-256 and length of a file that is not yet under its name.
pub(crate) fn digest_of_pending(
    pending: &lw_cli::PendingFile,
    output: &Path,
    cx: &Context,
) -> Result<(Vec<u8>, u64), Error> {
    use std::io::{Seek as _, SeekFrom};
    let unwritable = |error: std::io::Error| cx.unwritable(output, &error);
    let mut reader = pending.reader();
    let length = reader.seek(SeekFrom::End(0)).map_err(unwritable)?;
    reader.seek(SeekFrom::Start(0)).map_err(unwritable)?;
    let digest = digest_of(Hash::Sha256, reader).map_err(unwritable)?;
    Ok((digest.as_bytes().to_vec(), length))
}
