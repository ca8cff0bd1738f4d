//! Any bytes as an envelope, a statement and a bill of materials: nothing that was not signed verifies, and what is read is
//! what was written.

use lw_signature::attestation::{PAYLOAD_TYPE, Policy, Predicate, Statement, Subject, statement};
use lw_signature::dsse::Envelope;
use lw_signature::{PrivateKey, Signer as _};

fuzz_target!(|bytes: &[u8]| {
    let signer = PrivateKey::from_ed25519_seed(&[7; 32]).expect("32 bytes are a seed");
    if let Ok(envelope) = Envelope::parse(bytes) {
        assert!(envelope.verify(PAYLOAD_TYPE, &[signer.public_key().clone()]).is_err());
        assert_eq!(Envelope::parse(&envelope.to_json()), Ok(envelope));
    }
    let subjects = [Subject { name: "a".into(), sha256: "a".repeat(64) }];
    if let Ok(read) = Statement::parse(bytes) {
        let policy = Policy { repository: Some("https://example.com/a".into()), ..Policy::default() };
        let is_met = policy.check(&read, &subjects).is_ok();
        let claims = read.provenance().and_then(|claims| claims.repository);
        assert!(!is_met || claims.as_deref() == Some("https://example.com/a"));
        assert!(policy.check(&read, &[]).is_err(), "nothing was verified");
    }
    // Whatever stands in a bill of materials, the statement around it stays one, about what it was about.
    if let Ok(predicate) = Predicate::sbom(bytes) {
        let text = statement(&subjects, &predicate).expect("it has a subject");
        let read = Statement::parse(&text).expect("it was written");
        assert_eq!((&read.subjects[..], read.predicate_type.as_str()), (&subjects[..], predicate.kind()));
    }
});
