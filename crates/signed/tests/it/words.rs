//! What people are told.

use lw_model::{Class, Diagnose as _, Level};
use lw_signed::{Accepted, Rejected, Signature, Standing};

#[test]
fn each_reason_has_its_rule_its_word_and_its_advice() {
    let reason = || "because".to_owned();
    let cases = [
        (Rejected::Unsigned, "unsigned", "not signed", "it is not signed", "the signing step"),
        (Rejected::Forged { reason: reason() }, "forged", "FORGED", "forged: because", "do not use the file"),
        (
            Rejected::Untrusted { signers: vec!["dev".into(), "x".into()], wanted: "prod".into() },
            "untrusted",
            "not trusted",
            "not trusted: it is signed by dev and x, and not by prod",
            "sign with the expected key",
        ),
        (
            Rejected::NotVerifiable { reason: reason() },
            "cannot-verify",
            "not verified",
            "not verified: because",
            "before it is encrypted",
        ),
        (
            Rejected::Refused { reason: reason() },
            "cannot-verify",
            "not verified",
            "the device would refuse it: because",
            "a scheme the chip verifies",
        ),
    ];
    for (rejected, rule, name, says, hint) in cases {
        assert_eq!((rejected.rule(), rejected.name(), rejected.to_string().as_str()), (rule, name, says));
        assert_eq!(rejected.class(), Class::Input);
        assert!(rejected.hint().unwrap().contains(hint), "{rejected}");
        let finding = rejected.finding("ota-package", "app.bin");
        assert_eq!(finding.rule, format!("ota-package/{rule}"));
        assert_eq!((finding.level, finding.message), (Level::Error, format!("app.bin: {says}")));
        assert_eq!(finding.help.as_deref(), rejected.hint().as_deref());
        assert!(finding.location.is_some());
    }
}

#[test]
fn a_signer_is_named_once_and_only_when_it_is_trusted() {
    let one = |signer: &str, standing| Signature { algorithm: "a".into(), signer: signer.into(), standing };
    let accepted = Accepted {
        scheme: "s",
        signatures: vec![
            one("b", Standing::Trusted),
            one("x", Standing::Foreign),
            one("a", Standing::Trusted),
            one("b", Standing::Trusted),
            one("y", Standing::NotChecked),
        ],
    };
    assert_eq!(accepted.signers(), ["b", "a"]);
    let names = [Standing::Trusted, Standing::Foreign, Standing::NotChecked].map(Standing::name);
    assert_eq!(names, ["trusted", "sound, another key", "not checked, an unknown key"]);
}
