//! Known answers from the RFCs, of keys and algorithms.

use lw_signature::{Algorithm, Hash, KeyKind, PrivateKey, PublicKey, Signer as _, sign_digest, sign_message};

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// RFC 8032, 7.1: seed, public key, message, signature.
const ED25519: [(&str, &str, &str, &str); 3] = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
];

#[test]
fn ed25519_of_rfc_8032() {
    for (seed, public, message, signature) in ED25519 {
        let key = PrivateKey::from_ed25519_seed(&bytes(seed)).unwrap();
        assert_eq!(key.public_key().ed25519().unwrap().to_vec(), bytes(public));
        assert_eq!(sign_message(&key, &bytes(message)).unwrap().to_vec(), bytes(signature));
    }
}

/// RFC 6979, A.2.5 and A.2.6: message, r, s.
type Ecdsa = (&'static str, &'static str, &'static str);

const P256: [Ecdsa; 2] = [
    (
        "sample",
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
    ),
    (
        "test",
        "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
        "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
    ),
];

const P384: [Ecdsa; 2] = [
    (
        "sample",
        "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46",
        "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8",
    ),
    (
        "test",
        "8203B63D3C853E8D77227FB377BCF7B7B772E97892A80F36AB775D509D7A5FEB0542A7F0812998DA8F1DD3CA3CF023DB",
        "DDD0760448D42D8A43AF45AF836FCE4DE8BE06B485E9B61B827C2F13173923E06A739F040649A667BF3B828246BAA5A5",
    ),
];

/// With SHA-256, which the RFC derives `k` with as well; whoever derives it otherwise signs otherwise and validly.
const P384_SHA256: Ecdsa = (
    "sample",
    "21B13D1E013C7FA1392D03C5F99AF8B30C570C6F98D4EA8E354B63A21D3DAA33BDE1E888E63355D92FA2B3C36D8FB2CD",
    "F3AA443FB107745BF4BD77CB3891674632068A10CA67E3D45DB2266FA7D1FEEBEFDC63ECCD1AC42EC0CB8668A4FA0AB0",
);

/// `ECDSA-Sig-Value` of two numbers of one length.
fn der(r: &str, s: &str) -> Vec<u8> {
    let number = |hex: &str| {
        let mut number = bytes(hex);
        while number.first() == Some(&0) {
            number.remove(0);
        }
        if number[0] & 0x80 != 0 {
            number.insert(0, 0);
        }
        [vec![2, u8::try_from(number.len()).unwrap()], number].concat()
    };
    let numbers = [number(r), number(s)].concat();
    [vec![0x30, u8::try_from(numbers.len()).unwrap()], numbers].concat()
}

#[test]
fn ecdsa_of_rfc_6979() {
    let p256 = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
    let p384 =
        "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5";
    let p256 = PrivateKey::from_scalar(KeyKind::EcdsaP256, &bytes(p256)).unwrap();
    let p384 = PrivateKey::from_scalar(KeyKind::EcdsaP384, &bytes(p384)).unwrap();
    let point = "0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299";
    assert_eq!(p256.public_key().ec_point().unwrap(), bytes(point));
    let cases = [
        (&p256, Algorithm::EcdsaSha256, Hash::Sha256, P256),
        (&p384, Algorithm::EcdsaSha384, Hash::Sha384, P384),
    ];
    for (key, algorithm, hash, answers) in cases {
        for (message, r, s) in answers {
            let signed = sign_digest(key, algorithm, &hash.of(message.as_bytes())).unwrap();
            assert_eq!(signed, der(r, s), "{algorithm} {message}");
        }
    }
    let (message, r, s) = P384_SHA256;
    let digest = Hash::Sha256.of(message.as_bytes());
    assert_eq!(p384.public_key().verify_digest(Algorithm::EcdsaSha256, &digest, &der(r, s)), Ok(()));
    assert!(sign_digest(&p384, Algorithm::EcdsaSha256, &digest).is_ok());
}

#[test]
fn rsa_without_chance_is_what_openssl_signs() {
    // `printf sample | openssl dgst -sha256 -sign rsa2048.pem` with the key of tests/data/keys; PKCS#1 v1.5 has no chance in it.
    let answer = include_str!("../data/rsa2048-pkcs1v15-sample.hex").trim();
    let key = lw_signature::read_private(&crate::key_file_good::data("rsa2048.pem"), None).unwrap().key;
    let digest = Hash::Sha256.of(b"sample");
    assert_eq!(sign_digest(&key, Algorithm::RsaPkcs1v15Sha256, &digest).unwrap(), bytes(answer));
    let pss = sign_digest(&key, Algorithm::RsaPssSha256, &digest).unwrap();
    assert_ne!(pss, sign_digest(&key, Algorithm::RsaPssSha256, &digest).unwrap());
}

#[test]
fn keys_that_verify_anything_are_refused() {
    // The points of small order, RFC 7748's neighbours: "Taming the many EdDSAs", table 6.
    for point in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    ] {
        assert!(PublicKey::from_ed25519(&bytes(point)).is_err(), "{point}");
    }
}
