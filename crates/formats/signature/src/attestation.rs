//! Attestations: an [in-toto Statement v1](https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md) about
//! files, with [SLSA provenance v1](https://slsa.dev/spec/v1.0/provenance) or an SBOM as its predicate.
//!
//! # What provenance that a build signs itself is worth
//!
//! The build that is described holds the key that signs the description. So its fields are claims: they cannot be forged by
//! somebody without the key, and they can be by the build. That is SLSA's Build L1; [`LEVEL`] says so wherever it is shown.

use std::borrow::Cow;

use lw_model::lists::sort;
use lw_model::{Class, Diagnose};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::FormError;
use crate::strict_json;

/// The type of the payload of an envelope that holds a statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The type of a statement.
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";

/// The type of SLSA's provenance, version 1.
pub const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

/// The type of a CycloneDX bill of materials.
pub const CYCLONEDX: &str = "https://cyclonedx.org/bom";

/// The type of an SPDX document.
pub const SPDX: &str = "https://spdx.dev/Document";

/// What to say of provenance that was signed by a key of the build.
pub const LEVEL: &str = "SLSA Build L1: the build signs its own provenance, so repository, workflow and commit are what the \
    build says of itself. L2 and L3 need provenance that the platform makes and signs, out of the build's reach.";

/// Workflows of GitHub, [as GitHub describes them](https://actions.github.io/buildtypes/workflow/v1).
const GITHUB_BUILD: &str = "https://actions.github.io/buildtypes/workflow/v1";

/// Where the other build types are described.
const OUR_BUILDS: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/provenance.md#");

const WHAT: &str = "the in-toto statement";

/// A file an attestation is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Its name, without folders that mean something only where it was built.
    pub name: String,
    /// Its SHA-256, 64 hexadecimal digits in lower case.
    pub sha256: String,
}

/// The system a build ran on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
    /// Jenkins.
    Jenkins,
    /// Buildkite.
    Buildkite,
    /// No CI: a person's machine.
    Local,
}

impl System {
    fn build_type(self) -> String {
        let anchor = match self {
            Self::Github => return GITHUB_BUILD.to_owned(),
            Self::Gitlab => "gitlab",
            Self::Jenkins => "jenkins",
            Self::Buildkite => "buildkite",
            Self::Local => "local",
        };
        format!("{OUR_BUILDS}{anchor}")
    }

    const ALL: [Self; 5] = [Self::Github, Self::Gitlab, Self::Jenkins, Self::Buildkite, Self::Local];
}

/// What a CI says of the run that builds. Nothing here is a secret: no variables of the job, no addresses with passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFacts {
    /// On what it ran.
    pub system: System,
    /// Who runs the builds, as an address: on GitHub the workflow file, elsewhere the server or the kind of runner.
    pub builder: String,
    /// The repository, as an address without a user: `https://github.com/owner/name`.
    pub repository: Option<String>,
    /// The full name of the branch or tag: `refs/tags/v1.2.3`.
    pub git_ref: Option<String>,
    /// The commit, in hexadecimal.
    pub commit: Option<String>,
    /// What describes the build: `.github/workflows/release.yml`, `.gitlab-ci.yml`, the job of Jenkins, the pipeline of
    /// Buildkite.
    pub workflow: Option<String>,
    /// The run, as an address.
    pub invocation: Option<String>,
    /// When it began, in RFC 3339.
    pub started: Option<String>,
    /// When it ended, in RFC 3339.
    pub finished: Option<String>,
    /// Facts with the names the system gives them: `event_name`, `repository_id`, `repository_owner_id` and
    /// `runner_environment` on GitHub.
    pub internal: Vec<(String, String)>,
}

impl RunFacts {
    /// Facts of which only these two are known.
    #[must_use]
    pub fn new(system: System, builder: impl Into<String>) -> Self {
        Self {
            system,
            builder: builder.into(),
            repository: None,
            git_ref: None,
            commit: None,
            workflow: None,
            invocation: None,
            started: None,
            finished: None,
            internal: Vec::new(),
        }
    }
}

/// The file of a workflow and the ref it was read from, from `GITHUB_WORKFLOW_REF`:
/// `owner/name/.github/workflows/release.yml@refs/heads/main`.
#[must_use]
pub fn github_workflow<'text>(
    workflow_ref: &'text str,
    repository: &str,
) -> Option<(&'text str, &'text str)> {
    let (path, git_ref) = workflow_ref.strip_prefix(repository)?.strip_prefix('/')?.split_once('@')?;
    (!path.is_empty() && !git_ref.is_empty()).then_some((path, git_ref))
}

/// Why no statement was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Nothing to say anything about.
    #[error("the attestation has no subject: it is about no file")]
    NoSubject,
    /// A subject without a name, or whose digest is none.
    #[error(
        "the subject {name:?} has no name, or its SHA-256 {sha256:?} is not 64 hexadecimal digits in lower case"
    )]
    Subject {
        /// Its name.
        name: String,
        /// Its digest.
        sha256: String,
    },
    /// Two files of one name.
    #[error("two subjects have the name {name:?} and are different files")]
    SameName {
        /// The name.
        name: String,
    },
    /// An address with a user or a password in it, as `CI_REPOSITORY_URL` of GitLab has. It is not shown.
    #[error("the {what} is an address with a user name or a password, which would be published")]
    Credentials {
        /// Which: `repository`.
        what: &'static str,
    },
    /// A file that is no bill of materials.
    #[error("the SBOM is neither CycloneDX nor SPDX 2 in JSON")]
    Sbom,
    /// A file that is no JSON.
    #[error(transparent)]
    Form(#[from] FormError),
}

impl Diagnose for StatementError {
    fn class(&self) -> Class {
        match self {
            Self::NoSubject => Class::Usage,
            _ => Class::Input,
        }
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::NoSubject => "name the files it is about",
                Self::Subject { .. } => "give the digest as `sha256sum` prints it",
                Self::SameName { .. } => "give the files different names: verifiers find them by name",
                Self::Credentials { .. } => "give the address of the web page, as in CI_PROJECT_URL",
                Self::Sbom => {
                    "make it with `cyclonedx` or `syft -o spdx-json`; the JSON has \"bomFormat\" or \"spdxVersion\""
                }
                Self::Form(_) => "see what is wrong with the JSON, or make it anew",
            }
            .into(),
        )
    }
}

/// What an attestation says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predicate {
    kind: &'static str,
    /// JSON.
    body: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Provenance<'facts> {
    build_definition: BuildDefinition<'facts>,
    run_details: RunDetails<'facts>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BuildDefinition<'facts> {
    build_type: String,
    external_parameters: External<'facts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    internal_parameters: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resolved_dependencies: Vec<Dependency<'facts>>,
}

#[derive(Serialize)]
struct External<'facts> {
    workflow: Workflow<'facts>,
}

#[derive(Serialize)]
struct Workflow<'facts> {
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    git_ref: Option<&'facts str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<&'facts str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'facts str>,
}

#[derive(Serialize)]
struct Dependency<'facts> {
    uri: String,
    digest: Commit<'facts>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Commit<'facts> {
    git_commit: &'facts str,
}

#[derive(Serialize)]
struct RunDetails<'facts> {
    builder: Builder<'facts>,
    metadata: Metadata<'facts>,
}

#[derive(Serialize)]
struct Builder<'facts> {
    id: &'facts str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'facts> {
    #[serde(skip_serializing_if = "Option::is_none")]
    invocation_id: Option<&'facts str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_on: Option<&'facts str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_on: Option<&'facts str>,
}

impl Predicate {
    /// SLSA provenance of a run. What is not known is left out, never guessed.
    ///
    /// # Errors
    /// When an address has a user or a password in it.
    pub fn provenance(facts: &RunFacts) -> Result<Self, StatementError> {
        let addresses = [
            ("builder", Some(&facts.builder)),
            ("repository", facts.repository.as_ref()),
            ("address of the run", facts.invocation.as_ref()),
        ];
        for (what, address) in addresses {
            if address.is_some_and(|address| has_user(address)) {
                return Err(StatementError::Credentials { what });
            }
        }
        let internal: Map<String, Value> =
            facts.internal.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        let system = match facts.system {
            System::Github => "github",
            System::Gitlab => "gitlab",
            System::Jenkins => "jenkins",
            System::Buildkite => "buildkite",
            System::Local => "local",
        };
        let dependency =
            facts.repository.as_deref().zip(facts.commit.as_deref()).map(|(repository, commit)| {
                let at = facts.git_ref.as_deref().map(|git_ref| format!("@{git_ref}")).unwrap_or_default();
                Dependency { uri: format!("git+{repository}{at}"), digest: Commit { git_commit: commit } }
            });
        let provenance = Provenance {
            build_definition: BuildDefinition {
                build_type: facts.system.build_type(),
                external_parameters: External {
                    workflow: Workflow {
                        git_ref: facts.git_ref.as_deref(),
                        repository: facts.repository.as_deref(),
                        path: facts.workflow.as_deref(),
                    },
                },
                internal_parameters: (!internal.is_empty()).then(|| serde_json::json!({ system: internal })),
                resolved_dependencies: dependency.into_iter().collect(),
            },
            run_details: RunDetails {
                builder: Builder { id: &facts.builder },
                metadata: Metadata {
                    invocation_id: facts.invocation.as_deref(),
                    started_on: facts.started.as_deref(),
                    finished_on: facts.finished.as_deref(),
                },
            },
        };
        // Texts under texts: this cannot fail.
        let body = serde_json::to_string(&provenance).unwrap_or_default();
        Ok(Self { kind: PROVENANCE, body })
    }

    /// A bill of materials, which stands in the statement as it is.
    ///
    /// # Errors
    /// When it is neither CycloneDX nor SPDX in JSON, or has a member twice.
    pub fn sbom(json: &[u8]) -> Result<Self, StatementError> {
        let what = "the SBOM";
        let value = strict_json::parse(what, json)?;
        let is = |name: &str, start: &str| {
            value.get(name).and_then(Value::as_str).is_some_and(|value| value.starts_with(start))
        };
        let kind = match (is("bomFormat", "CycloneDX"), is("spdxVersion", "SPDX-2")) {
            (true, false) => CYCLONEDX,
            (false, true) => SPDX,
            _ => return Err(StatementError::Sbom),
        };
        let body = std::str::from_utf8(json).map_err(|_| StatementError::Sbom)?.trim().to_owned();
        Ok(Self { kind, body })
    }

    /// Its type.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }
}

/// Whether an address has a user or a password before its host.
fn has_user(address: &str) -> bool {
    let after = address.split_once("://").map_or(address, |(_, after)| after);
    after.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
}

/// The statement that says something about files, as it is signed: subjects sorted by name, no white space.
///
/// # Errors
/// When there is no subject, one is no file, or two are different files of one name.
pub fn statement(subjects: &[Subject], predicate: &Predicate) -> Result<Vec<u8>, StatementError> {
    let mut subjects = subjects.to_vec();
    sort(&mut subjects);
    subjects.dedup();
    if subjects.is_empty() {
        return Err(StatementError::NoSubject);
    }
    if let Some(Subject { name, sha256 }) =
        subjects.iter().find(|subject| subject.name.is_empty() || !is_sha256(&subject.sha256))
    {
        return Err(StatementError::Subject { name: name.clone(), sha256: sha256.clone() });
    }
    let mut pairs = subjects.iter().zip(subjects.iter().skip(1));
    if let Some((same, _)) = pairs.find(|(one, other)| one.name == other.name) {
        return Err(StatementError::SameName { name: same.name.clone() });
    }
    let list: Vec<_> = subjects
        .iter()
        .map(|subject| serde_json::json!({ "name": subject.name, "digest": { "sha256": subject.sha256 } }))
        .collect();
    let (kind, body) = (Value::from(predicate.kind), &predicate.body);
    let list = Value::from(list);
    let text = format!(
        "{{\"_type\":\"{STATEMENT}\",\"subject\":{list},\"predicateType\":{kind},\"predicate\":{body}}}"
    );
    Ok(text.into_bytes())
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A statement that was read. Nothing in it is worth anything before its envelope was verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it is about. Subjects without a SHA-256 are left out.
    pub subjects: Vec<Subject>,
    /// The type of what it says.
    pub predicate_type: String,
    /// What it says.
    pub predicate: Value,
}

impl Statement {
    /// Reads the payload of an envelope.
    ///
    /// # Errors
    /// When it is no statement of version 1, or has a member twice.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormError> {
        let value = strict_json::parse(WHAT, bytes)?;
        let member = |name: &str| value.get(name).ok_or_else(|| malformed(name, "it is missing"));
        let text = |name: &'static str| {
            member(name)?.as_str().map(str::to_owned).ok_or_else(|| malformed(name, "it is no text"))
        };
        let version = text("_type")?;
        if version != STATEMENT {
            return Err(malformed("_type", &format!("it is {version:?}; expected {STATEMENT:?}")));
        }
        let list = member("subject")?.as_array().ok_or_else(|| malformed("subject", "it is no list"))?;
        let mut subjects = Vec::new();
        for subject in list {
            let digests = subject.get("digest").and_then(Value::as_object);
            let digests = digests.ok_or_else(|| malformed("subject", "an entry has no digest"))?;
            // The name is optional (resource_descriptor.md); the digest says which file it is.
            let name = subject.get("name").and_then(Value::as_str).unwrap_or_default();
            if let Some(sha256) = digests.get("sha256").and_then(Value::as_str) {
                let (name, sha256) = (name.to_owned(), sha256.to_ascii_lowercase());
                if !is_sha256(&sha256) {
                    return Err(malformed("subject", "a sha256 is not 64 hexadecimal digits"));
                }
                subjects.push(Subject { name, sha256 });
            }
        }
        let predicate = value.get("predicate").cloned().unwrap_or_default();
        Ok(Self { subjects, predicate_type: text("predicateType")?, predicate })
    }

    /// What SLSA provenance of a known build type says of where a file comes from.
    #[must_use]
    pub fn provenance(&self) -> Option<Claims> {
        if self.predicate_type != PROVENANCE {
            return None;
        }
        let at = |path: &str| self.predicate.pointer(path).and_then(Value::as_str).map(str::to_owned);
        let build_type = at("/buildDefinition/buildType")?;
        let is_known = System::ALL.iter().any(|system| system.build_type() == build_type);
        let workflow = |name: &str| {
            at(&format!("/buildDefinition/externalParameters/workflow/{name}")).filter(|_| is_known)
        };
        Some(Claims {
            repository: workflow("repository"),
            git_ref: workflow("ref"),
            workflow: workflow("path"),
            // The first dependency is the repository itself in every build type that is known.
            commit: at("/buildDefinition/resolvedDependencies/0/digest/gitCommit").filter(|_| is_known),
            builder: at("/runDetails/builder/id"),
            invocation: at("/runDetails/metadata/invocationId"),
            build_type,
        })
    }
}

fn malformed(name: &str, problem: &str) -> FormError {
    FormError::Malformed { what: WHAT, place: format!("member {name:?}"), problem: problem.to_owned() }
}

/// What provenance claims. A field that is absent was not claimed, or the build type is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// How to read the others.
    pub build_type: String,
    /// The repository, as an address.
    pub repository: Option<String>,
    /// The branch or tag.
    pub git_ref: Option<String>,
    /// What describes the build.
    pub workflow: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// Who ran it.
    pub builder: Option<String>,
    /// The run.
    pub invocation: Option<String>,
}

/// What an attestation has to say. Everything is compared whole: `https://github.com/org/a` is not met by
/// `https://github.com/org/abc`, and `refs/tags/v1` not by `refs/tags/v1.1`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The type of what is said.
    pub predicate_type: Option<String>,
    /// The repository, as an address.
    pub repository: Option<String>,
    /// The full name of the branch or tag.
    pub git_ref: Option<String>,
    /// What describes the build.
    pub workflow: Option<String>,
    /// Who ran it.
    pub builder: Option<String>,
    /// The commit.
    pub commit: Option<String>,
}

/// What an attestation does not say as it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// No file was given: then nothing was verified.
    #[error("no file was given that the attestation should be about")]
    NoFile,
    /// It is about other files.
    #[error("the attestation is not about {name} (SHA-256 {sha256}); it is about {}", subjects(.found))]
    Subject {
        /// The name the file has here.
        name: String,
        /// Its digest.
        sha256: String,
        /// What it is about.
        found: Vec<Subject>,
    },
    /// It says something else, or nothing.
    #[error("the {what} in the attestation is {}; expected {expected:?}", said(.found))]
    Field {
        /// Which: `repository`.
        what: &'static str,
        /// What it says.
        found: Option<String>,
        /// What was asked for.
        expected: String,
    },
}

fn subjects(list: &[Subject]) -> String {
    let shown: Vec<_> =
        list.iter().take(3).map(|subject| format!("{} (SHA-256 {})", subject.name, subject.sha256)).collect();
    match list.len() {
        0 => "no file with a SHA-256".to_owned(),
        count @ 4.. => format!("{} and {} more", shown.join(", "), count - 3),
        _ => shown.join(", "),
    }
}

fn said(found: &Option<String>) -> String {
    found.as_ref().map_or_else(|| "absent".to_owned(), |found| format!("{found:?}"))
}

impl Diagnose for PolicyError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(
            match self {
                Self::NoFile => "name the files it should be about",
                Self::Subject { .. } => "give the file as it was built, or the attestation that belongs to it",
                Self::Field { found: None, .. } => {
                    "an attestation that does not say this cannot be held to it: ask who makes it to say it"
                }
                Self::Field { .. } => {
                    "the file comes from somewhere else than you expect; names are compared whole, not by their beginning"
                }
            }
            .into(),
        )
    }
}

impl Policy {
    /// Holds a statement to the policy: it has to be about each of the files, found by digest, and say what is asked for.
    ///
    /// # Errors
    /// All it does not meet, never none.
    pub fn check(&self, statement: &Statement, files: &[Subject]) -> Result<(), Vec<PolicyError>> {
        let mut errors = Vec::new();
        if files.is_empty() {
            errors.push(PolicyError::NoFile);
        }
        for file in files {
            let sha256 = file.sha256.to_ascii_lowercase();
            if !statement.subjects.iter().any(|subject| subject.sha256 == sha256) {
                let (name, found) = (file.name.clone(), statement.subjects.clone());
                errors.push(PolicyError::Subject { name, sha256, found });
            }
        }
        let claims = statement.provenance();
        let claim =
            |of: fn(&Claims) -> &Option<String>| claims.as_ref().and_then(|claims| of(claims).clone());
        let fields = [
            ("type", &self.predicate_type, Some(statement.predicate_type.clone())),
            ("repository", &self.repository, claim(|claims| &claims.repository)),
            ("ref", &self.git_ref, claim(|claims| &claims.git_ref)),
            ("workflow", &self.workflow, claim(|claims| &claims.workflow)),
            ("builder", &self.builder, claim(|claims| &claims.builder)),
            ("commit", &self.commit, claim(|claims| &claims.commit)),
        ];
        for (what, expected, found) in fields {
            if let Some(expected) = expected.clone().filter(|expected| found.as_ref() != Some(expected)) {
                errors.push(PolicyError::Field { what, found, expected });
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}
