//! Any bytes as a file of keys: what is read is read again from what is written of it, and no error shows the file.

use lw_signature::{Signer as _, read_private, read_public, read_public_keys};

fuzz_target!(|bytes: &[u8]| {
    // Without a passphrase: deriving keys would take all the time, and only bounds how often this is run.
    match read_private(bytes, None) {
        Ok(read) => {
            let pem = read.key.to_pem().expect("a key that was read is written");
            let again = read_private(pem.as_bytes(), None).expect("what is written is read");
            assert_eq!(again.key.public_key(), read.key.public_key());
            assert!(read_public(bytes).is_err(), "a private key is no public one");
        }
        Err(error) => {
            let shown = format!("{error} {error:?}");
            for word in bytes.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| word.len() >= 32) {
                let word = std::str::from_utf8(word).expect("ASCII");
                assert!(!shown.contains(word), "{shown}");
            }
        }
    }
    if let Ok(keys) = read_public_keys(bytes) {
        assert!(!keys.is_empty());
        for read in keys {
            for written in [read.key.to_spki_pem(), read.key.to_openssh_line("a comment")] {
                let again = read_public(written.as_bytes()).expect("what is written is read");
                assert_eq!(again.key, read.key);
            }
            if let Some(certificate) = &read.certificate {
                assert_eq!(certificate.is_of(&read.key), Ok(()));
            }
        }
    }
});
