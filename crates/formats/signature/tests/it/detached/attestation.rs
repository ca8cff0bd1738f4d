//! Statements, provenance, bills of materials, and what they are held to.

use lw_signature::attestation::{
    self, CYCLONEDX, Claims, LEVEL, PROVENANCE, Policy, PolicyError, Predicate, RunFacts, SPDX, Statement,
    StatementError, Subject, System, github_workflow, statement,
};
use lw_signature::dsse::Envelope;
use lw_signature::{Algorithm, KeyKind, Signer as _};
use serde_json::{Value, json};

use super::key;

fn subject(name: &str, digit: char) -> Subject {
    Subject { name: name.into(), sha256: digit.to_string().repeat(64) }
}

fn github() -> RunFacts {
    let (workflow, git_ref) =
        github_workflow("org/fw/.github/workflows/release.yml@refs/tags/v1.2.3", "org/fw").unwrap();
    RunFacts {
        repository: Some("https://github.com/org/fw".into()),
        git_ref: Some(git_ref.into()),
        commit: Some("c".repeat(40)),
        workflow: Some(workflow.into()),
        invocation: Some("https://github.com/org/fw/actions/runs/7/attempts/1".into()),
        started: Some("2026-01-02T03:04:05Z".into()),
        internal: vec![("event_name".into(), "push".into()), ("repository_id".into(), "1".into())],
        ..RunFacts::new(
            System::Github,
            "https://github.com/org/fw/.github/workflows/release.yml@refs/tags/v1.2.3",
        )
    }
}

fn made(facts: &RunFacts) -> Vec<u8> {
    let predicate = Predicate::provenance(facts).unwrap();
    statement(&[subject("b.bin", 'b'), subject("a.bin", 'a'), subject("b.bin", 'b')], &predicate).unwrap()
}

/// Field by field as slsa.dev and GitHub's description of its workflows have them.
#[test]
fn provenance_of_github_is_that_of_the_specification() {
    let found: Value = serde_json::from_slice(&made(&github())).unwrap();
    let expected = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            { "name": "a.bin", "digest": { "sha256": "a".repeat(64) } },
            { "name": "b.bin", "digest": { "sha256": "b".repeat(64) } },
        ],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://actions.github.io/buildtypes/workflow/v1",
                "externalParameters": {
                    "workflow": {
                        "ref": "refs/tags/v1.2.3",
                        "repository": "https://github.com/org/fw",
                        "path": ".github/workflows/release.yml",
                    },
                },
                "internalParameters": { "github": { "event_name": "push", "repository_id": "1" } },
                "resolvedDependencies": [
                    { "uri": "git+https://github.com/org/fw@refs/tags/v1.2.3", "digest": { "gitCommit": "c".repeat(40) } },
                ],
            },
            "runDetails": {
                "builder": { "id": "https://github.com/org/fw/.github/workflows/release.yml@refs/tags/v1.2.3" },
                "metadata": {
                    "invocationId": "https://github.com/org/fw/actions/runs/7/attempts/1",
                    "startedOn": "2026-01-02T03:04:05Z",
                },
            },
        },
    });
    assert_eq!(found, expected);
    assert!(LEVEL.starts_with("SLSA Build L1: "), "and not a word more: {LEVEL}");
}

/// What is not known is not there, and is never made up.
#[test]
fn a_local_build_claims_next_to_nothing() {
    let bytes = made(&RunFacts::new(System::Local, "https://example.com/somebodys-machine"));
    let found: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(found["predicate"]["buildDefinition"]["externalParameters"], json!({ "workflow": {} }));
    assert_eq!(found["predicate"]["buildDefinition"].get("resolvedDependencies"), None);
    assert_eq!(found["predicate"]["buildDefinition"].get("internalParameters"), None);
    let claims = Statement::parse(&bytes).unwrap().provenance().unwrap();
    assert!(claims.build_type.ends_with("/docs/provenance.md#local"), "{claims:?}");
    assert_eq!((claims.repository, claims.workflow, claims.commit), (None, None, None));
}

#[test]
fn each_system_has_a_build_type_of_its_own_and_is_read_again() {
    let systems = [System::Github, System::Gitlab, System::Jenkins, System::Buildkite, System::Local];
    let mut types: Vec<_> = systems
        .into_iter()
        .map(|system| {
            let statement = Statement::parse(&made(&RunFacts { system, ..github() })).unwrap();
            let claims = statement.provenance().unwrap();
            assert_eq!(claims.repository.as_deref(), Some("https://github.com/org/fw"));
            assert_eq!(claims.git_ref.as_deref(), Some("refs/tags/v1.2.3"));
            claims.build_type
        })
        .collect();
    types.sort();
    types.dedup();
    assert_eq!(types.len(), 5);
}

/// `CI_REPOSITORY_URL` of GitLab has the job's token in it.
#[test]
fn no_password_is_published() {
    for repository in
        ["https://gitlab-ci-token:secret@gitlab.com/a/b.git", "https://me@host/a", "me@host:a/b"]
    {
        let facts = RunFacts { repository: Some(repository.into()), ..github() };
        let error = Predicate::provenance(&facts).unwrap_err();
        assert_eq!(error, StatementError::Credentials { what: "repository" });
        assert!(!error.to_string().contains("secret"));
    }
    // An @ after the host is no user.
    let facts = RunFacts { repository: Some("https://host/a/@scope/b".into()), ..github() };
    Predicate::provenance(&facts).unwrap();
}

#[test]
fn subjects_are_files_with_one_name_each() {
    let predicate = Predicate::provenance(&github()).unwrap();
    let short = Subject { name: "a".into(), sha256: "ab".into() };
    let upper = subject("a", 'A');
    let unnamed = subject("", 'a');
    assert_eq!(statement(&[], &predicate), Err(StatementError::NoSubject));
    for bad in [short, upper, unnamed] {
        assert!(matches!(statement(&[bad], &predicate), Err(StatementError::Subject { .. })));
    }
    let two = [subject("a", 'a'), subject("a", 'b')];
    assert_eq!(statement(&two, &predicate), Err(StatementError::SameName { name: "a".into() }));
    let quoted = statement(&[subject("a\"\n\u{fc}", 'a')], &predicate).unwrap();
    assert_eq!(Statement::parse(&quoted).unwrap().subjects, [subject("a\"\n\u{fc}", 'a')]);
}

/// The SBOM stands in the statement as it is: numbers and order are not touched.
#[test]
fn bills_of_materials_are_kept_as_they_are() {
    let cyclonedx = b"{ \"bomFormat\" : \"CycloneDX\", \"version\": 1.10, \"big\": 123456789012345678901 }\n";
    let predicate = Predicate::sbom(cyclonedx).unwrap();
    assert_eq!(predicate.kind(), CYCLONEDX);
    let bytes = statement(&[subject("a", 'a')], &predicate).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.contains(std::str::from_utf8(cyclonedx.trim_ascii()).unwrap()), "{text}");
    let read = Statement::parse(&bytes).unwrap();
    assert_eq!((read.predicate_type.as_str(), &read.provenance()), (CYCLONEDX, &None));
    assert_eq!(read.predicate["bomFormat"], "CycloneDX");
    assert_eq!(Predicate::sbom(br#"{"spdxVersion":"SPDX-2.3"}"#).unwrap().kind(), SPDX);
    for bad in [&b"{}"[..], b"[]", br#"{"bomFormat":"CycloneDX","spdxVersion":"SPDX-2.3"}"#] {
        assert_eq!(Predicate::sbom(bad), Err(StatementError::Sbom));
    }
    for bad in
        [&b"<bom/>"[..], b"", b"{\"bomFormat\":\"CycloneDX\",\"bomFormat\":\"CycloneDX\"}", b"{} {}", b"\xff"]
    {
        assert!(matches!(Predicate::sbom(bad), Err(StatementError::Form(_))), "{bad:?}");
    }
}

#[test]
fn members_that_are_there_twice_are_refused() {
    let text = String::from_utf8(made(&github())).unwrap();
    for bad in [
        text.replacen("\"subject\"", "\"subject\":[],\"subject\"", 1),
        text.replacen("\"repository\"", "\"repository\":\"https://github.com/evil/fw\",\"repository\"", 1),
        text.replacen("\"sha256\"", "\"sha256\":\"\",\"sha256\"", 1),
    ] {
        let error = Statement::parse(bad.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("is there twice"), "{error}");
    }
    for (from, to) in [
        ("Statement/v1", "Statement/v0.1"),
        ("\"subject\"", "\"Subject\""),
        ("\"predicateType\":\"", "\"predicateType\":1,\"x\":\""),
        ("\"digest\"", "\"Digest\""),
        ("aaaa", "aaa"),
    ] {
        assert!(Statement::parse(text.replacen(from, to, 1).as_bytes()).is_err(), "{from}");
    }
}

#[test]
fn a_policy_compares_whole_names() {
    let read = Statement::parse(&made(&github())).unwrap();
    let exact = Policy {
        predicate_type: Some(PROVENANCE.into()),
        repository: Some("https://github.com/org/fw".into()),
        git_ref: Some("refs/tags/v1.2.3".into()),
        workflow: Some(".github/workflows/release.yml".into()),
        builder: Some("https://github.com/org/fw/.github/workflows/release.yml@refs/tags/v1.2.3".into()),
        commit: Some("c".repeat(40)),
    };
    let files = [Subject { sha256: "A".repeat(64), ..subject("renamed.bin", 'a') }, subject("b.bin", 'b')];
    exact.check(&read, &files).unwrap();
    Policy::default().check(&read, &files[..1]).unwrap();

    type Field = fn(&mut Policy) -> &mut Option<String>;
    let fields: [(&str, Field); 6] = [
        ("type", |policy| &mut policy.predicate_type),
        ("repository", |policy| &mut policy.repository),
        ("ref", |policy| &mut policy.git_ref),
        ("workflow", |policy| &mut policy.workflow),
        ("builder", |policy| &mut policy.builder),
        ("commit", |policy| &mut policy.commit),
    ];
    for (name, field) in fields {
        for change in [
            (|value: &str| value[..value.len() - 1].to_owned()) as fn(&str) -> String,
            |value| format!("{value}x"),
            |value| value.to_uppercase(),
            |_| String::new(),
        ] {
            let mut policy = exact.clone();
            let value = field(&mut policy).as_mut().unwrap();
            *value = change(value);
            let errors = policy.check(&read, &files).unwrap_err();
            match errors.as_slice() {
                [PolicyError::Field { what, .. }] => assert_eq!(*what, name),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(exact.check(&read, &[]).unwrap_err(), [PolicyError::NoFile]);
    let errors = exact.check(&read, &[subject("c.bin", 'c')]).unwrap_err();
    assert!(
        errors[0].to_string().starts_with("the attestation is not about c.bin (SHA-256 cccc"),
        "{errors:?}"
    );
}

/// What is absent is said to be absent, and a build type nobody knows proves nothing.
#[test]
fn what_is_not_claimed_is_not_met() {
    let policy = Policy { repository: Some("https://github.com/org/fw".into()), ..Policy::default() };
    let files = [subject("a.bin", 'a')];
    let local = Statement::parse(&made(&RunFacts::new(System::Local, "x"))).unwrap();
    let errors = policy.check(&local, &files).unwrap_err();
    assert_eq!(
        errors[0].to_string(),
        "the repository in the attestation is absent; expected \"https://github.com/org/fw\""
    );
    let text = String::from_utf8(made(&github())).unwrap();
    let foreign =
        text.replace("https://actions.github.io/buildtypes/workflow/v1", "https://example.com/mine");
    let foreign = Statement::parse(foreign.as_bytes()).unwrap();
    assert!(policy.check(&foreign, &files).is_err());
    let claims: Claims = foreign.provenance().unwrap();
    assert_eq!((claims.repository, claims.commit), (None, None));
    let sbom = statement(&files, &Predicate::sbom(br#"{"spdxVersion":"SPDX-2.3"}"#).unwrap()).unwrap();
    assert!(policy.check(&Statement::parse(&sbom).unwrap(), &files).is_err());
}

#[test]
fn workflows_are_cut_at_the_repository() {
    assert_eq!(github_workflow("o/r/w.yml@refs/heads/a@b", "o/r"), Some(("w.yml", "refs/heads/a@b")));
    for (text, repository) in
        [("o/rx/w.yml@r", "o/r"), ("o/r/w.yml", "o/r"), ("o/r/@r", "o/r"), ("o/r/w@", "o/r")]
    {
        assert_eq!(github_workflow(text, repository), None, "{text}");
    }
}

#[test]
fn an_attestation_goes_there_and_back() {
    let signer = key(KeyKind::EcdsaP256);
    let mut envelope = Envelope::new(attestation::PAYLOAD_TYPE, made(&github()));
    envelope.sign(signer, Algorithm::EcdsaSha256).unwrap();
    let read = Envelope::parse(&envelope.to_json()).unwrap();
    let (payload, _) = read.verify(attestation::PAYLOAD_TYPE, &[signer.public_key().clone()]).unwrap();
    let statement = Statement::parse(payload).unwrap();
    Policy::default().check(&statement, &[subject("x", 'a')]).unwrap();
}
