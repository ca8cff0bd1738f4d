//! `attest` and `verify-attestation`: who built these files, signed and verified without a network.

use std::path::PathBuf;

use lw_cli::{Context, Error, ResultExt};
use lw_model::{Align, Cell, Fact, Finding, Level, Location, Measure, Report, Table};
use lw_signature::attestation::{self, Policy, Predicate, RunFacts, Statement, Subject, System};
use lw_signature::dsse::{Envelope, EnvelopeVerifyError};
use lw_signature::{Algorithm, Hash, digest_of};

use crate::args::{Attest, TrustArgs, VerifyAttestation};
use crate::artifacts;
use crate::error::ToolError;
use crate::keys;
use crate::sign::may_sign;

/// Says in a signed statement which run made these files, or what is in them.
///
/// # Errors
/// When there is no file, the CI is one of which nothing is known, or nothing may be signed.
pub(crate) fn attest(args: &Attest, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    cx.output("signed", "false");
    let Some(output) = &args.output.output else {
        return Err(Error::usage("--output is not given")
            .hint("name the file of the statement: firmware.intoto.json"));
    };
    let mut paths = cx.expand(&args.inputs.input, report)?;
    if let Some(listed) = &args.artifacts {
        for file in artifacts::listed(listed, cx)? {
            if !file.is_there {
                let (file, report) = (cx.display_path(&file.path), cx.display_path(listed));
                return Err(ToolError::Absent { file, report }.into());
            }
            paths.push(file.path);
        }
    }
    if paths.is_empty() {
        return Err(Error::usage("there is nothing to attest")
            .hint("give --input, or --artifacts with the report of the step that made the files"));
    }
    if !may_sign(args.on_fork, args.allow_unknown_run, cx, report)? {
        cx.figure("nothing was attested");
        return Ok(());
    }
    let subjects = subjects(&paths, cx)?;
    let predicate = match &args.sbom {
        Some(path) => Predicate::sbom(&cx.open(path)?).context(cx.display_path(path))?,
        None => Predicate::provenance(&facts(cx)?)?,
    };
    let statement = attestation::statement(&subjects, &predicate)?;
    let (json, signers) = {
        let cx: &Context = cx;
        let mut envelope = Envelope::new(attestation::PAYLOAD_TYPE, statement);
        let mut signers = Vec::new();
        for key in keys::signing(&args.key, cx, report)? {
            envelope
                .sign(&*key.signer, Algorithm::of(key.signer.public_key().kind()))
                .context(key.source.clone())?;
            signers.push(keys::hex(key.public()));
        }
        (envelope.to_json(), signers)
    };
    cx.write(output, |out| out.write_all(&json))?;
    let columns = [("File", Align::Left), ("SHA-256", Align::Left)];
    let mut table = Table::new("subjects", "Attested", &columns);
    table.rows.extend(
        subjects
            .iter()
            .map(|subject| vec![Cell::Code(subject.name.clone()), Cell::Code(subject.sha256.clone())]),
    );
    if args.sbom.is_none() {
        table.note = Some(attestation::LEVEL.into());
    }
    report.tables.push(table);
    report.facts.push(Fact { name: "statement".into(), subject: None, value: predicate.kind().into() });
    cx.output("signed", "true");
    cx.output("path", cx.display_path(output));
    cx.output("key-id", signers.join("\n"));
    let files = lw_model::counted(subjects.len(), "file");
    cx.figure(format!("{files} attested"));
    Ok(())
}

fn subjects(paths: &[PathBuf], cx: &Context) -> Result<Vec<Subject>, Error> {
    let subject = |path: &PathBuf| {
        let digest =
            digest_of(Hash::Sha256, cx.stream(path)?).map_err(|error| cx.unreadable(path, &error))?;
        Ok(Subject {
            name: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            sha256: base16ct::lower::encode_string(digest.as_bytes()),
        })
    };
    paths.iter().map(subject).collect()
}

/// What the CI says of this run.
fn facts(cx: &Context) -> Result<RunFacts, Error> {
    let ci = cx.ci_context();
    let Some(build) = &ci.build else {
        return Err(Error::usage("provenance of this CI is not known how to write")
            .hint("GitHub, GitLab, Jenkins and Buildkite are; an SBOM can be attested anywhere: --sbom"));
    };
    let system = match build.system {
        "github" => System::Github,
        "gitlab" => System::Gitlab,
        "jenkins" => System::Jenkins,
        "buildkite" => System::Buildkite,
        _ => System::Local,
    };
    let mut facts = RunFacts::new(system, build.builder.clone());
    facts.repository.clone_from(&build.repository);
    facts.workflow.clone_from(&build.workflow);
    facts.invocation.clone_from(&build.invocation);
    facts.git_ref.clone_from(&ci.reference);
    facts.commit.clone_from(&ci.commit);
    facts.internal = build.internal.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Ok(facts)
}

/// Verifies a statement against files, keys and a policy.
///
/// # Errors
/// When something is not given or cannot be read.
pub(crate) fn verify(args: &VerifyAttestation, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let Some(path) = &args.attestation else {
        return Err(
            Error::usage("--attestation is not given").hint("give the file that `lw sign attest` wrote")
        );
    };
    let paths = cx.expand(&args.inputs.input, report)?;
    if paths.is_empty() {
        return Err(Error::usage("there is no file to hold the statement to").hint("give --input"));
    }
    let trusted = keys::trusted(&args.key.key, &TrustArgs::default(), args.key.allow_test_key, cx, report)?;
    trusted.without_namespaces("a statement")?;
    let name = cx.display_path(path);
    let envelope = Envelope::parse(&cx.open(path)?).context(name.clone())?;
    let files = subjects(&paths, cx)?;
    let fail = |rule: &str, message: String| {
        let finding = Finding::new(format!("sign/{rule}"), Level::Error, &name, format!("{name}: {message}"));
        finding.at(Some(Location::file(&name)))
    };
    cx.output("verified", "0");
    let (payload, signers) = match envelope.verify(attestation::PAYLOAD_TYPE, &trusted.keys.trusted_keys()) {
        Ok(verified) => verified,
        Err(error) => {
            let rule = match error {
                EnvelopeVerifyError::Forged { .. } => "forged",
                EnvelopeVerifyError::Untrusted { .. } => "untrusted",
                EnvelopeVerifyError::Type { .. } => "attestation-policy",
            };
            report.add_finding(fail(rule, error.to_string()));
            cx.figure("not verified");
            return Ok(());
        }
    };
    let statement = Statement::parse(payload).context(name.clone())?;
    let policy = Policy {
        predicate_type: None,
        repository: args.repository.clone(),
        git_ref: args.git_ref.clone(),
        workflow: args.workflow.clone(),
        builder: None,
        commit: args.commit.clone(),
    };
    let columns = [("What", Align::Left), ("The statement says", Align::Left), ("Asked for", Align::Left)];
    let mut table = Table::new("claims", "Claims", &columns);
    let claims = statement.provenance();
    let said = |of: fn(&attestation::Claims) -> &Option<String>| {
        claims.as_ref().and_then(|claims| of(claims).clone()).unwrap_or_else(|| "–".into())
    };
    for (what, says, asked) in [
        ("repository", said(|claims| &claims.repository), &args.repository),
        ("workflow", said(|claims| &claims.workflow), &args.workflow),
        ("ref", said(|claims| &claims.git_ref), &args.git_ref),
        ("commit", said(|claims| &claims.commit), &args.commit),
    ] {
        let asked = asked.clone().unwrap_or_else(|| "nothing".into());
        table.rows.push(vec![Cell::Text(what.into()), Cell::Code(says), Cell::Code(asked)]);
    }
    table.note = Some(attestation::LEVEL.into());
    report.tables.push(table);
    report.facts.push(Fact {
        name: "statement".into(),
        subject: None,
        value: statement.predicate_type.clone(),
    });
    let verified = match policy.check(&statement, &files) {
        Ok(()) => files.len(),
        Err(errors) => {
            for error in &errors {
                report.add_finding(fail("attestation-policy", error.to_string()));
            }
            0
        }
    };
    report.measures.push(Measure::count("sign.verified", verified as u64).label("files verified"));
    cx.output("verified", verified.to_string());
    cx.output("signer", signers.join("\n"));
    cx.figure(format!(
        "{verified} of {} {} verified",
        files.len(),
        if files.len() == 1 { "file" } else { "files" }
    ));
    Ok(())
}
