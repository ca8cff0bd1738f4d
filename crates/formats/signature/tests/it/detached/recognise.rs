//! What a file that should be a signature is.

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use lw_signature::dsse::Envelope;
use lw_signature::{Algorithm, KeyKind, SignatureFormat, Signer as _, detached, recognise};
use proptest::prelude::*;

use super::{key, passes};

#[test]
fn formats_are_told_by_their_form() {
    let der = detached::sign(key(KeyKind::EcdsaP256), Algorithm::EcdsaSha256, passes(b"x")).unwrap();
    let hex: String = der.iter().map(|byte| format!("{byte:02x}")).collect();
    let json = |text: &str| text.as_bytes().to_vec();
    let jws =
        ["{\"alg\":\"ES256\"}", "{}", "sig"].map(|part| Base64UrlUnpadded::encode_string(part.as_bytes()));
    let spki = key(KeyKind::EcdsaP256).public_key().to_spki_der();
    let pkcs8 = key(KeyKind::EcdsaP256).to_pkcs8_der().unwrap();
    let mut envelope = Envelope::new("text/plain", b"x".to_vec());
    envelope.sign(key(KeyKind::EcdsaP256), Algorithm::EcdsaSha256).unwrap();
    let inside = |format: &SignatureFormat| Box::new(format.clone());
    let ecdsa = SignatureFormat::EcdsaDer;
    let sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let cases: Vec<(Vec<u8>, SignatureFormat)> = vec![
        (Vec::new(), SignatureFormat::Empty),
        (b" \r\n".to_vec(), SignatureFormat::Empty),
        (der.clone(), ecdsa.clone()),
        (format!("{}\n", Base64::encode_string(&der)).into(), SignatureFormat::Base64(inside(&ecdsa))),
        (format!("{hex}\n").into(), SignatureFormat::Hex(inside(&ecdsa))),
        (hex.to_uppercase().into(), SignatureFormat::Hex(inside(&ecdsa))),
        (
            Base64::encode_string(&[0xf7; 384]).into(),
            SignatureFormat::Base64(Box::new(SignatureFormat::Raw { length: 384 })),
        ),
        (vec![0xf7; 64], SignatureFormat::Raw { length: 64 }),
        (envelope.to_json(), SignatureFormat::Dsse),
        (
            json(
                r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{}}"#,
            ),
            SignatureFormat::SigstoreBundle,
        ),
        (json(r#"{"base64Signature":"MEUC","cert":"x","rekorBundle":{}}"#), SignatureFormat::CosignBundle),
        (
            json(r#"{"payload":"e30","signatures":[{"protected":"e30","signature":"x"}]}"#),
            SignatureFormat::Jws,
        ),
        (jws.join(".").into(), SignatureFormat::Jws),
        (json(r#"{"schema":"lw-signature/1","signatures":[]}"#), SignatureFormat::LwPackage),
        (json(r#"{"_type":"https://in-toto.io/Statement/v1","subject":[]}"#), SignatureFormat::Statement),
        (json(r#"{"a":1}"#), SignatureFormat::Json),
        (json(r#"{"a":1"#), SignatureFormat::Text),
        (b"-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END".to_vec(), SignatureFormat::Pgp),
        ([&[0x89, 1, 0x33, 4, 0][..], &[7; 400]].concat(), SignatureFormat::Pgp),
        ([&[0x88, 0x75, 4, 0][..], &[7; 0x73]].concat(), SignatureFormat::Pgp),
        (b"-----BEGIN PKCS7-----\n".to_vec(), SignatureFormat::CmsPem),
        (b"-----BEGIN CMS-----\n".to_vec(), SignatureFormat::CmsPem),
        (b"MIME-Version: 1.0\nContent-Type: multipart/signed".to_vec(), SignatureFormat::Smime),
        (b"-----BEGIN SSH SIGNATURE-----\n".to_vec(), SignatureFormat::SshSig),
        (b"SSHSIG\0\0\0\x01".to_vec(), SignatureFormat::SshSigBlob),
        (b"-----BEGIN X9-----\n".to_vec(), SignatureFormat::Pem("X9".into())),
        (b"-----BEGIN EC PRIVATE KEY-----\n".to_vec(), SignatureFormat::PrivateKey),
        (pkcs8.as_bytes().to_vec(), SignatureFormat::PrivateKey),
        (spki, SignatureFormat::PublicKey("SubjectPublicKeyInfo in DER")),
        (b"ssh-ed25519 AAAAC3 me".to_vec(), SignatureFormat::PublicKey("OpenSSH")),
        (b"<!doctype HTML>\n<p>Not Found".to_vec(), SignatureFormat::Html),
        (b"\n<html>".to_vec(), SignatureFormat::Html),
        (format!("{sum}  firmware.bin\n").into(), SignatureFormat::Checksums),
        (b"404: Not Found".to_vec(), SignatureFormat::Text),
        (vec![0x1f, 0x8b, 8, 0, 0], SignatureFormat::Gzip),
    ];
    for (bytes, expected) in cases {
        let found = recognise(&bytes);
        assert_eq!(found, expected, "{}", bytes.escape_ascii());
        assert!(!found.to_string().is_empty() && !found.hint().is_empty());
    }
}

/// The private key is never shown, and nothing of it is in what a message says.
#[test]
fn a_private_key_is_only_called_one() {
    let text = recognise(b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIC\n-----END PRIVATE KEY-----\n");
    assert_eq!(text.to_string(), "a private key");
}

proptest! {
    /// Whatever the bytes are, there is a name for them.
    #[test]
    fn anything_has_a_name(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(!recognise(&bytes).to_string().is_empty());
    }

    #[test]
    fn any_text_has_a_name(text in "(untrusted comment: |-----BEGIN |\\{\"|eyJ|)\\PC{0,80}(\\n\\PC{0,90}){0,3}") {
        prop_assert!(!recognise(text.as_bytes()).to_string().is_empty());
    }
}
