//! `digest` and `attach`: signing with a key that is somewhere else, in two steps.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;

use lw_cli::{Context, Error, ResultExt};
use lw_model::{Fact, Finding, Level, Location, Report};
use lw_signature::{Digest as HashDigest, GivenSignature, PublicKey, Signer};
use lw_signed::{Keys, NamedKey};

use crate::args::{Attach, Digest, EmbedArgs, Inputs, PublicKeyArgs, SchemeArgs, TrustArgs};
use crate::content::Content;
use crate::error::ToolError;
use crate::keys;
use crate::make::{self, Ask, Asked, Job, Made, TextOptions};
use crate::scheme::Scheme;
use crate::sign::{digest_of_pending, wanted_content};

/// One file, one public key, one scheme.
struct Step {
    input: PathBuf,
    name: String,
    content: Option<Content>,
    public: PublicKey,
    scheme: Scheme,
}

fn step(
    inputs: &Inputs,
    key: &PublicKeyArgs,
    scheme: &SchemeArgs,
    embed: &EmbedArgs,
    cx: &Context,
    report: &mut Report,
) -> Result<Step, Error> {
    let paths = cx.expand(&inputs.input, report)?;
    let [input] = paths.as_slice() else {
        return Err(Error::usage(format!("one --input is needed; {} are given", paths.len()))
            .hint("each file has a digest of its own"));
    };
    let trusted = keys::trusted(&key.key, &TrustArgs::default(), key.allow_test_key, cx, report)?;
    let [named] = trusted.keys.trusted.as_slice() else {
        return Err(Error::usage("one --key is needed, the public one of what signs"));
    };
    let name = cx.display_path(input);
    let content = wanted_content(scheme.scheme, embed, input, cx)?;
    let chosen = scheme.scheme.unwrap_or_else(|| match content {
        Some(Content::Package) => Scheme::LwPackage,
        _ => Scheme::of_key(named.key.kind()),
    });
    if scheme.scheme.is_none() {
        let kind = named.key.kind();
        let message = format!("{name}: the scheme is {}, which follows from the key ({kind})", chosen.name());
        let finding = Finding::new("sign/scheme-follows", Level::Note, &name, message);
        report.add_finding(finding.at(Some(Location::file(&name))));
    }
    if !make::takes(chosen, named.key.kind()) {
        let kind = named.key.kind().to_string();
        return Err(ToolError::Kind { key: named.name.clone(), kind, scheme: chosen.name() }.into());
    }
    Ok(Step { input: input.clone(), name, content, public: named.key.clone(), scheme: chosen })
}

impl Step {
    fn make(
        &self,
        signer: &dyn Signer,
        scheme: &SchemeArgs,
        embed: &EmbedArgs,
        output: &std::path::Path,
        cx: &Context,
    ) -> Result<Made, Error> {
        let nothing = Content::Package;
        let job = Job {
            input: &self.input,
            content: self.content.as_ref().unwrap_or(&nothing),
            scheme: self.scheme,
            namespace: &scheme.namespace,
            embed,
            text: TextOptions::default(),
            sha256: Cell::new(None),
            listed: None,
        };
        job.make(&[signer], output, cx)
    }
}

/// Says what a key somewhere else has to sign.
///
/// # Errors
/// When the file is not what the scheme is for, or the scheme has no digest.
pub(crate) fn digest(args: &Digest, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let step = step(&args.inputs, &args.key, &args.scheme, &args.embed, cx, report)?;
    if matches!(step.scheme, Scheme::Minisign | Scheme::Signify) {
        return Err(Error::usage(format!(
            "a signature of {} is made of two, which no single digest gives",
            step.scheme.name()
        ))
        .hint("sign with the key itself: `lw sign sign`"));
    }
    let ask = Ask { public: step.public.clone(), asked: RefCell::new(None) };
    // Whatever would be written is not: there is no signature yet.
    let scratch = args.output.output.clone().unwrap_or_else(|| step.input.clone());
    let made = step.make(&ask, &args.scheme, &args.embed, &scratch, cx);
    let Some(asked) = ask.asked.into_inner() else {
        return Err(made.err().unwrap_or_else(|| Error::internal("nothing was to be signed")));
    };
    let (what, bytes) = match asked {
        Asked::Digest(algorithm, digest) => {
            (format!("{}, with {algorithm}", digest.hash()), HashDigest::as_bytes(&digest).to_vec())
        }
        Asked::Message(message) => ("the message itself, with Ed25519".to_owned(), message),
    };
    let hex = base16ct::lower::encode_string(&bytes);
    for (name, value) in
        [("scheme", step.scheme.name().to_owned()), ("to sign", what), ("digest", hex.clone())]
    {
        report.facts.push(Fact { name: name.into(), subject: None, value });
    }
    cx.output("scheme", step.scheme.name());
    cx.output("digest", hex.clone());
    if let Some(output) = &args.output.output {
        cx.write(output, |out| out.write_all(&bytes))?;
        cx.output("path", cx.display_path(output));
    }
    cx.figure(format!("digest {hex}"));
    Ok(())
}

/// Puts a signature that was made somewhere else where it belongs.
///
/// # Errors
/// When it does not verify, or the file is not what the scheme is for.
pub(crate) fn attach(args: &Attach, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let Some(given) = &args.signature else {
        return Err(
            Error::usage("--signature is not given").hint("give the file with what the key has signed")
        );
    };
    let step = step(&args.inputs, &args.key, &args.scheme, &args.embed, cx, report)?;
    if matches!(step.scheme, Scheme::Minisign | Scheme::Signify) {
        return Err(Error::usage(format!("a signature of {} is made of two", step.scheme.name()))
            .hint("sign with the key itself: `lw sign sign`"));
    }
    let output = match (&args.output.output, step.scheme.is_embedded()) {
        (Some(output), _) => output.clone(),
        (None, false) => {
            let mut beside = step.input.clone().into_os_string();
            beside.push(step.scheme.extension());
            beside.into()
        }
        (None, true) => {
            return Err(
                Error::usage("--output is not given").hint("name the file of the signed image or package")
            );
        }
    };
    let bytes = cx.open(given)?.to_vec();
    let shown = cx.display_path(given);
    let signer = GivenSignature::new(step.public.clone(), bytes);
    let made = step.make(&signer, &args.scheme, &args.embed, &output, cx);
    if let Some(refused) = signer.refusal() {
        return Err(refused).context(format!("{shown}, for {}", step.name));
    }
    let made = made.context(shown.clone())?;
    if signer.was_raw() {
        let message =
            format!("{shown}: r and s as raw bytes were taken for an ECDSA signature, and written in DER");
        report.add_finding(Finding::new("sign/raw-ecdsa", Level::Note, &shown, message));
    }
    match made {
        Made::Detached(signature) => cx.write(&output, |out| out.write_all(&signature))?,
        Made::Embedded(pending) => {
            let named = NamedKey { name: "the given key".into(), key: step.public.clone() };
            let keys = Keys { trusted: vec![named], ..Keys::default() };
            make::check(&pending, step.scheme, &args.embed, &keys, &step.name)?;
            let (digest, length) = digest_of_pending(&pending, &output, cx)?;
            pending.publish().map_err(|error| cx.unwritable(&output, &error))?;
            cx.add_artifact(&output, &digest, length);
        }
    }
    let key = keys::hex(&step.public);
    for (name, value) in [("scheme", step.scheme.name().to_owned()), ("key", key.clone())] {
        report.facts.push(Fact { name: name.into(), subject: None, value });
    }
    cx.output("signed", "true");
    cx.output("scheme", step.scheme.name());
    cx.output("key-id", key);
    cx.output("path", cx.display_path(&output));
    cx.figure(format!("{} signed", step.name));
    Ok(())
}
