//! DSSE envelopes, with securesystemslib as judge.

use std::fs;

use base64ct::{Base64, Base64Url, Encoding as _};
use lw_signature::dsse::{self, Envelope, EnvelopeVerifyError, pae};
use lw_signature::{Algorithm, KeyKind, PublicKey, Signer as _};
use lw_testkit::program;
use proptest::prelude::*;

use super::{KINDS, flips, key, must, pem_files};

const TYPE: &str = "application/vnd.in-toto+json";
const PAYLOAD: &[u8] = b"{\"_type\":\"\xc3\xbc\"}";

fn envelope(kinds: &[KeyKind]) -> Envelope {
    let mut envelope = Envelope::new(TYPE, PAYLOAD.to_vec());
    for kind in kinds {
        envelope.sign(key(*kind), Algorithm::of(*kind)).unwrap();
    }
    envelope
}

fn public(kind: KeyKind) -> PublicKey {
    key(kind).public_key().clone()
}

/// The known answer of `protocol.md`.
#[test]
fn the_encoding_is_that_of_the_protocol() {
    assert_eq!(
        pae("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world".as_slice()
    );
    assert_eq!(pae("", b""), b"DSSEv1 0  0 ".as_slice());
    assert_eq!(pae("ü", b"x"), "DSSEv1 2 ü 1 x".as_bytes(), "lengths are of bytes");
}

#[test]
fn every_kind_of_key_signs_an_envelope() {
    for kind in KINDS {
        for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| algorithm.takes(kind)) {
            let mut envelope = Envelope::new(TYPE, PAYLOAD.to_vec());
            envelope.sign(key(kind), algorithm).unwrap();
            let read = Envelope::parse(&envelope.to_json()).unwrap();
            assert_eq!(read, envelope);
            let (payload, signers) = read.verify(TYPE, &[public(kind)]).unwrap();
            assert_eq!((payload, signers), (PAYLOAD, vec![dsse::key_id(&public(kind))]));
            assert!(!read.signatures()[0].key_id.is_empty(), "securesystemslib needs one");
        }
    }
}

#[test]
fn forged_and_untrusted_are_two_messages() {
    let own = public(KeyKind::EcdsaP256);
    let good = envelope(&[KeyKind::EcdsaP256]);
    let error = good.verify(TYPE, &[public(KeyKind::Ed25519)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "not trusted: none of its signatures is one of a wanted key; it names {}",
            dsse::key_id(&own)
        )
    );
    let mut object: serde_json::Value = serde_json::from_slice(&good.to_json()).unwrap();
    object["payload"] = Base64::encode_string(b"{}").into();
    let forged = Envelope::parse(object.to_string().as_bytes()).unwrap();
    match forged.verify(TYPE, std::slice::from_ref(&own)) {
        Err(error @ EnvelopeVerifyError::Forged { .. }) => {
            assert!(error.to_string().starts_with("forged or damaged: "), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        good.verify("text/plain", std::slice::from_ref(&own)).unwrap_err().to_string(),
        "it holds \"application/vnd.in-toto+json\"; expected \"text/plain\""
    );
    assert!(good.verify(TYPE, &[]).is_err(), "with no key nothing is verified");
}

/// The key id is a hint: nobody has signed it, and it neither helps nor hurts a good signature.
#[test]
fn key_ids_are_hints() {
    let good = envelope(&[KeyKind::EcdsaP256]);
    let trusted = [public(KeyKind::EcdsaP256)];
    let own = dsse::key_id(&trusted[0]);
    let text = String::from_utf8(good.to_json()).unwrap();
    for other in [
        text.replace(&own, "anything"),
        text.replace(&own, ""),
        text.replace(&format!("\"keyid\":\"{own}\","), ""),
        text.replace("\"keyid\":", "\"more\":[{\"a\":1}],\"keyid\":"),
    ] {
        assert_ne!(other, text);
        Envelope::parse(other.as_bytes()).unwrap().verify(TYPE, &trusted).unwrap();
    }
    // The name of another trusted key does not make a signature that key's.
    let both = [public(KeyKind::EcdsaP256), public(KeyKind::Ed25519)];
    let renamed = text.replace(&own, &dsse::key_id(&both[1]));
    let renamed = Envelope::parse(renamed.as_bytes()).unwrap();
    assert_eq!(renamed.verify(TYPE, &both).unwrap().1, [own]);
}

#[test]
fn every_changed_bit_fails_but_those_of_names_and_hints() {
    let bytes = envelope(&[KeyKind::Ed25519]).to_json();
    let trusted = [public(KeyKind::Ed25519)];
    // The key id, its name, and white space after the end are signed by nobody and change nothing.
    let text = String::from_utf8(bytes.clone()).unwrap();
    let hint = text.find("\"keyid\"").unwrap()..text.find(",\"sig\"").unwrap();
    for (byte, flipped) in flips(&bytes) {
        let verified =
            Envelope::parse(&flipped).is_ok_and(|envelope| envelope.verify(TYPE, &trusted).is_ok());
        assert!(!verified || hint.contains(&byte), "byte {byte}: {}", flipped.escape_ascii());
    }
}

#[test]
fn what_is_there_twice_is_refused() {
    let text = String::from_utf8(envelope(&[KeyKind::Ed25519]).to_json()).unwrap();
    for (bad, expected) in [
        (
            text.replacen("{\"payloadType\"", "{\"payloadType\":\"x\",\"payloadType\"", 1),
            "the member \"payloadType\" is there twice",
        ),
        (text.replacen("\"sig\"", "\"sig\":\"\",\"sig\"", 1), "the member \"sig\" is there twice"),
        (
            text.replacen("{\"payload", "{\"x\":{\"y\":1,\"\\u0079\":2},\"payload", 1),
            "byte 12: the member \"y\" is there twice",
        ),
        (text.replacen("[{", "[1,{", 1), "member \"signatures\": it has no objects"),
        (
            text.replacen("\"signatures\":[", "\"signatures\":[],\"x\":[", 1),
            "has 0 entries; expected 1 to 32",
        ),
        (text.replacen("\"payload\":\"", "\"payload\":\"?", 1), "member \"payload\": it is no Base64"),
        (text.replacen("\"payload\":", "\"Payload\":", 1), "member \"payload\": it is missing"),
        (text.replacen(TYPE, "", 1), "member \"payloadType\": it is empty"),
        (text.replacen("\"keyid\":\"", "\"keyid\":7,\"x\":\"", 1), "member \"keyid\": it is no text"),
        (text.trim_end().trim_end_matches('}').to_owned(), "the DSSE envelope, byte"),
        (format!("{text}{{}}"), "the DSSE envelope, byte"),
        ("{\"x\":".repeat(200), "the DSSE envelope, byte"),
    ] {
        let error = Envelope::parse(bad.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_sigstore_bundle_is_refused_by_name() {
    let dsse: serde_json::Value = serde_json::from_slice(&envelope(&[KeyKind::Ed25519]).to_json()).unwrap();
    let bundle = serde_json::json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": { "certificate": { "rawBytes": "" } },
        "dsseEnvelope": dsse,
    });
    let error = Envelope::parse(bundle.to_string().as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "the signature is a Sigstore bundle; expected a DSSE envelope");
}

#[test]
fn both_alphabets_of_base64_are_read() {
    let payload = [0xfb, 0xff, 0xfe];
    let mut envelope = Envelope::new(TYPE, payload.to_vec());
    envelope.sign(key(KeyKind::Ed25519), Algorithm::Ed25519).unwrap();
    let text = String::from_utf8(envelope.to_json()).unwrap();
    let url = text.replace(&Base64::encode_string(&payload), &Base64Url::encode_string(&payload));
    assert_ne!(url, text);
    assert_eq!(Envelope::parse(url.as_bytes()).unwrap(), envelope);
}

/// The Python of the end-to-end tests has it; both directions.
#[test]
fn securesystemslib_verifies_ours_and_we_verify_its() {
    let Some(python) = program("imgtool").map(|program| program.with_file_name("python3")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    if !super::accepts(folder, &python, &["-c", "import securesystemslib.dsse, cryptography"]).0 {
        lw_testkit::skip::<()>("securesystemslib is not installed; .ci/e2e-setup installs it");
        return;
    }
    let script = r#"
import copy, json, sys
from cryptography.hazmat.primitives import serialization
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, SSlibKey
with open('key.pem', 'rb') as f:
    private = serialization.load_pem_private_key(f.read(), None)
ours = json.load(open('ours.json'))
scheme = sys.argv[1]
key = SSlibKey.from_crypto(private.public_key(), keyid=ours['signatures'][0]['keyid'], scheme=scheme)
# It takes apart what it is given.
Envelope.from_dict(copy.deepcopy(ours)).verify([key], 1)
changed = dict(ours, payload='e30=')
try:
    Envelope.from_dict(changed).verify([key], 1)
    sys.exit('a changed payload was accepted')
except Exception as error:
    assert 'threshold' in str(error) or 'signature' in str(error).lower(), error
theirs = Envelope(b'of python', 'text/plain', {})
theirs.sign(CryptoSigner(private, key))
json.dump(theirs.to_dict(), open('theirs.json', 'w'))
"#;
    fs::write(folder.join("judge.py"), script).unwrap();
    for (kind, algorithm, scheme) in [
        (KeyKind::EcdsaP256, Algorithm::EcdsaSha256, "ecdsa-sha2-nistp256"),
        (KeyKind::EcdsaP384, Algorithm::EcdsaSha384, "ecdsa-sha2-nistp384"),
        (KeyKind::Ed25519, Algorithm::Ed25519, "ed25519"),
        (KINDS[0], Algorithm::RsaPkcs1v15Sha256, "rsa-pkcs1v15-sha256"),
    ] {
        pem_files(key(kind), folder, "key");
        let mut ours = Envelope::new(TYPE, PAYLOAD.to_vec());
        ours.sign(key(kind), algorithm).unwrap();
        fs::write(folder.join("ours.json"), ours.to_json()).unwrap();
        must(folder, &python, &["judge.py", scheme]);
        let theirs = Envelope::parse(&fs::read(folder.join("theirs.json")).unwrap()).unwrap();
        let (payload, _) = theirs.verify("text/plain", &[public(kind)]).unwrap();
        assert_eq!(payload, b"of python", "{scheme}");
    }
}

proptest! {
    /// Two different pairs of type and body never have the same encoding.
    #[test]
    fn the_encoding_is_injective(
        one in ("[ 0-9a]{0,4}", proptest::collection::vec(b' '..b'2', 0..6)),
        two in ("[ 0-9a]{0,4}", proptest::collection::vec(b' '..b'2', 0..6)),
    ) {
        prop_assert_eq!(one == two, pae(&one.0, &one.1) == pae(&two.0, &two.1));
    }
}
