//! Images of the ESP32 with the 68 bytes of Secure Boot V1, which do not name their key.

use lw_firmware::esp_image::ChipId;
use lw_firmware::image::Image;
use lw_signature::{KeyKind, PrivateKey, Signer as _, secure_boot_v1 as v1};
use lw_signed::{Chip, Keys, Standing};

use crate::{
    ANY, Said as _, chip, esp_image, fingerprint, forged, judge, key, not_verifiable, refused, scan,
    standings, trusted, untrusted,
};

fn signed(chip: ChipId, key: &PrivateKey) -> Vec<u8> {
    let mut file = esp_image(chip);
    let Image::Esp(esp) = scan(&file) else { panic!("no ESP image") };
    file.extend(v1::sign(key, &esp.signature_input.image_sha256).unwrap());
    file
}

#[test]
fn the_key_that_signed_is_found_among_those_that_are_known() {
    let (prod, dev, other) = (key(KeyKind::EcdsaP256), key(KeyKind::EcdsaP256), key(KeyKind::EcdsaP256));
    let file = signed(chip("esp32"), &prod);
    let keys = trusted(&[("other", &other), ("prod", &prod)]);
    let accepted = judge(&file, &keys, ANY).unwrap();
    assert_eq!(accepted.scheme, "Secure Boot V1");
    assert_eq!(standings(&accepted), [("prod", Standing::Trusted)]);
    assert_eq!(accepted.signatures[0].algorithm, "ECDSA P-256");
    // A known one that is not trusted only tells who signed.
    let keys = trusted(&[("other", &other)]).knowing(&[("dev", &dev), ("prod", &prod)]);
    let (signers, wanted) = untrusted(judge(&file, &keys, ANY));
    assert_eq!((signers, wanted.as_str()), (vec!["prod".to_owned()], "other"));
    // Unless its digest is trusted.
    let keys = Keys::default().knowing(&[("dev", &dev), ("prod", &prod)]);
    let (signers, _) = untrusted(judge(&file, &keys, ANY));
    assert_eq!(signers, ["prod"]);
    let keys = keys.with_digest(fingerprint(prod.public_key()));
    assert_eq!(standings(&judge(&file, &keys, ANY).unwrap()), [("prod", Standing::Trusted)]);
}

#[test]
fn a_key_that_did_not_sign_makes_it_forged() {
    let (prod, other) = (key(KeyKind::EcdsaP256), key(KeyKind::EcdsaP256));
    let mut file = signed(chip("esp32"), &prod);
    forged(judge(&file, &trusted(&[("other", &other)]), ANY), "does not verify");
    let last = file.len() - 1;
    file[last] ^= 1;
    forged(judge(&file, &trusted(&[("prod", &prod)]), ANY), "does not verify");
    // A key of another kind is none that signed.
    let rsa = key(crate::RSA_3072);
    forged(judge(&signed(chip("esp32"), &prod), &trusted(&[("rsa", &rsa)]), ANY), "RSA-3072");
}

#[test]
fn a_digest_alone_cannot_tell() {
    let prod = key(KeyKind::EcdsaP256);
    let keys = Keys::default().with_digest(fingerprint(prod.public_key()));
    not_verifiable(judge(&signed(chip("esp32"), &prod), &keys, ANY), "give the public key itself");
}

#[test]
fn no_other_chip_has_it() {
    let prod = key(KeyKind::EcdsaP256);
    let keys = trusted(&[("prod", &prod)]);
    let file = signed(chip("esp32c3"), &prod);
    refused(judge(&file, &keys, ANY), "ESP32-C3 has no Secure Boot V1");
    let given = Chip { id: Some(chip("esp32c3")), revision: None };
    refused(judge(&signed(chip("esp32"), &prod), &keys, given), "ESP32-C3 is asked for");
}
