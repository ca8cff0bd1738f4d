//! Private keys that everybody has: the test keys of projects, known by their public key.
//!
//! A device that trusts one of them trusts anybody. The SHA-256 of the `SubjectPublicKeyInfo` says which key it is, whatever
//! the file looks like (a digest of the file, as MCUboot's build once took it, is changed by other line breaks).
//!
//! From the private keys in mcu-tools/mcuboot@2d4bacc3, espressif/esptool@bb72741f and espressif/esp-idf@10212290, as
//! `openssl pkey -in FILE -pubout -outform DER | sha256sum` gives it.

use crate::key::PublicKey;

/// Where the private key of a public key is published; `None` when it is not known to be.
///
/// `MCUboot: root-rsa-2048.pem`
#[must_use]
pub fn known_test_key(key: &PublicKey) -> Option<&'static str> {
    let fingerprint = crate::key_file::hex(key.fingerprint().as_bytes());
    TEST_KEYS.iter().find(|(known, _)| *known == fingerprint).map(|(_, name)| *name)
}

/// As [`known_test_key`], of the hash by which an image for MCUboot names a key (`KEYHASH`): SHA-256 or SHA-512 of the key as
/// imgtool writes it, which is the `SubjectPublicKeyInfo`, of RSA the `RSAPublicKey`.
#[must_use]
pub fn known_test_key_hash(key_hash: &[u8]) -> Option<&'static str> {
    let hash = crate::key_file::hex(key_hash);
    let all = TEST_KEYS.iter().chain(&TEST_KEY_HASHES);
    all.into_iter().find(|(known, _)| *known == hash).map(|(_, name)| *name)
}

/// Hashes of MCUboot's keys other than their fingerprints, as imgtool puts them into images.
const TEST_KEY_HASHES: [(&str, &str); 3] = [
    ("fc5701dc6135e1323847bdc40f04d2e5bee5833b23c29f93593d00018cfa9994", "MCUboot: root-rsa-2048.pem"),
    ("449793fb65cd7698753d5b3f35fab15f1e3a45111ff24e1d46741de5ae12d59e", "MCUboot: root-rsa-3072.pem"),
    (
        "e3e129b49f1218e18e4614acb2523389c75852ebb98b4d2c6171a2fc65706ba3d1ddf85f52e71450c3e572e624695fafd41ce4d9354d6c2b19f7d6001a6ae8b0",
        "MCUboot: root-ed25519.pem",
    ),
];

/// Fingerprint, project and path.
#[rustfmt::skip]
const TEST_KEYS: [(&str, &str); 63] = [
    ("bb868a727f0ef75e890a6a52bccd1d936fb34438afd6f237e8af259865742446", "MCUboot: boot/cypress/keys/cypress-test-ec-p256.pem"),
    ("3c23fc4e1d332a0c86e6a8bf6ecf26046d702302e135bf53fc04a009a33a78c5", "MCUboot: enc-ec256-priv.pem"),
    ("95ac5d264689fa25b14a87a9bc950abfb1a77e5e628e7b13b5f1940c9a1c65b8", "MCUboot: enc-rsa2048-priv.pem"),
    ("e30466f6b8470c1f29070b17f1e2d3e94d445e3f608087fdc711e4382bb538b6", "MCUboot: root-ec-p256-pkcs8.pem"),
    ("6bcd1e16d80e5fe13a5307e6f1de8344c7e50e537d9962ce35ef6db5e642fae8", "MCUboot: root-ec-p384-pkcs8.pem"),
    ("6754edab1e29affef4a05935adecbeb1a7b8b62397b31e39a61b5bfcaafd63af", "MCUboot: root-ed25519-2-pub.pem"),
    ("b1d87d60173352b9a4808979790fc699fb4c4f83b49cf1970edd96ff4adc36a6", "MCUboot: root-ed25519-unknown.pem"),
    ("c1907fa4eac7fae3840a78902b6f0710b037e9968e5c6274a12a28790c7d4e3c", "MCUboot: root-ed25519.pem"),
    ("a14bcb1bf9bb821146ba32838217e476f5412621320534ffe490a1890c994660", "MCUboot: root-rsa-2048.pem"),
    ("159d8b7930769d887f3ff0b4e9ec176b82313663f2ef76dc24f5e964da1bc482", "MCUboot: root-rsa-3072.pem"),
    ("e6c097daf1458d0f8b8d43fc4b4b9d4425203484b3afe5570ed074073901bab0", "MCUboot: samples/zephyr/bad-keys/bad-ec-p256.pem"),
    ("cf2f67a6aee012de5a8e82a9d9e9f6bf4923f9f367fe6c03fe844a251a7b3e55", "MCUboot: samples/zephyr/bad-keys/bad-rsa-2048.pem"),
    ("6dc968724fdedb71be7c8ad62540ea148996f96adb5c48e9cc3112c588f26d89", "MCUboot: testplan/mynewt/key_ec256.pem"),
    ("1c35c9ccb929906e7792eda384825b41be700c50760493eaf163135933e191aa", "MCUboot: testplan/mynewt/key_ec256_2.pem"),
    ("54674c34090b98739e4bb93ab182c4e099ce378410b4ebe6dd5922b064779511", "MCUboot: testplan/mynewt/key_rsa.pem"),
    ("f82d91d0193c6557517b7762f1a334abc4d4709ef1eb77b51e42f71c2a55fc6c", "MCUboot: testplan/mynewt/key_rsa_2.pem"),
    ("efa56342fb8c904b911dd29ca905f034a0ac656f8e7b0c4f49907ba66dd4b483", "esptool: test/ecdsa_secure_boot_signing_key2.pem"),
    ("c9aa0de6e3f9c806b4bbd78753f8960a543353c272005d6b903ed05fbcb2e8f4", "esptool: test/secure_images/ecdsa256_secure_boot_signing_key.pem"),
    ("be6673e2e2088fe37a7c0d9ad42a4ad1669578a450e9daac387392cbca87e473", "esptool: test/secure_images/ecdsa256_secure_boot_signing_key2.pem"),
    ("10a122f30a2d0953225750cc11d58b91d40750e6d47588c8e6e7e001b0cf10d7", "esptool: test/secure_images/ecdsa256_secure_boot_signing_key3.pem"),
    ("bc719addcb27b375edec12ae4ce3cc4b3d21961482f98cbf464a5abb180fe4f1", "esptool: test/secure_images/ecdsa256_secure_boot_signing_key4.pem"),
    ("5938c05dfb34e93c48d3241a4135a0fbdb1a33b3acf05581555dea5e4a87a240", "esptool: test/secure_images/ecdsa256_secure_boot_signing_key_v2.pem"),
    ("f59288721ff1c6dd1d0346e23d30444524bd6e53919f3cbfe0dfb6e9bd0633b1", "esptool: test/secure_images/ecdsa384_secure_boot_signing_key.pem"),
    ("7063d5577350185d8a751a3cdc6c32c3724683eeef1f84c7df4ebd9629ed41a7", "esptool: test/secure_images/ecdsa384_secure_boot_signing_key2.pem"),
    ("b397c28cb2c63aeda0c8c903bf63786ddfd7739e5480542371abd949a8874029", "esptool: test/secure_images/ecdsa384_secure_boot_signing_key3.pem"),
    ("cabd3956fb11652c36f92bc4066c0520bb5281c5d42e95041a019cf62e9a6d62", "esptool: test/secure_images/ecdsa384_secure_boot_signing_key4.pem"),
    ("ea65882064b6349fa1cba7a6cca5653734b2fe9190095f561c199c2525c4a886", "esptool: test/secure_images/rsa_secure_boot_signing_key.pem"),
    ("df594d59bf90e79dd7d9eaa3a277e5c6f9465f6a47bd118e18a2cb6be9db9acd", "esptool: test/secure_images/rsa_secure_boot_signing_key2.pem"),
    ("11f0c4dad080f1f8967c52ba6268623e283f83ef7a6031d044525941c6f88321", "esptool: test/secure_images/rsa_secure_boot_signing_key3.pem"),
    ("2cf2f4c0243f8ce6e73cba224730dd0308d18c8e285226859e0185be9e9577c8", "esptool: test/secure_images/rsa_secure_boot_signing_key4.pem"),
    ("173933777dd87b3f81e116aa6d19c1352cd92164c17a153e96e6311327eebe2e", "ESP-IDF: components/esp_hal_security/test_apps/crypto/main/ecdsa/ecdsa256_priv_key.pem"),
    ("b52a72cdb8c641478cedf00b8c0dfc1041f0d681804228c262579e8f73de4f3d", "ESP-IDF: components/esp_hal_security/test_apps/crypto/main/ecdsa/ecdsa384_priv_key.pem"),
    ("7e8b830a431999301c691bad3e553450f6383e444efd627898b54167dc9842c2", "ESP-IDF: components/esp_hal_security/test_apps/crypto/main/key_manager/ecdsa_256_key.pem"),
    ("5cca148006764a7a178f83447d3d98603a3435a8c40335ce07a3443459704ce6", "ESP-IDF: components/esp_hal_security/test_apps/crypto/main/key_manager/ecdsa_384_key.pem"),
    ("7f7c0b1d4c9a661e2e758d076e59071735981abd6461a70f23d52b48f4bba249", "ESP-IDF: components/esp_tee/test_apps/tee_cli_app/test_certs/server_key.pem"),
    ("535ec72de45078ee77f0f3c4b5c00b27f23ffc7b231c0d6e700d1a3b75cf2077", "ESP-IDF: components/esp_tee/test_apps/tee_cli_app/test_keys/secure_boot_signing_key_ecdsa_p256.pem"),
    ("7a3a75c7b5310b8589d11e5b3abf2a50a05cf81d9f5270668c121b7e2af9f769", "ESP-IDF: components/esp_tee/test_apps/tee_cli_app/test_keys/secure_boot_signing_key_rsa_3072.pem"),
    ("7f3b86aa513602144c6b14eaadc838a94409c9aa6815123502d517152073c076", "ESP-IDF: components/mbedtls/test_apps/mbedtls_ut/main/crts/prvtkey.pem"),
    ("d609e62281bca01b9690990d49bf06ef19b1dba63ec0ee5dc60fcb1b222f625f", "ESP-IDF: examples/protocols/esp_http_client_mutual_auth/main/certs/ca_key.pem"),
    ("7d10551afa0dbe7e09c9309520976b915e79d98c77d90b2c4fd95663a10cdc5b", "ESP-IDF: examples/protocols/esp_http_client_mutual_auth/main/certs/client_key.pem"),
    ("ce93b932de8c2305e6c14b1c3800120f7e7997492c92b3199c8c5283decebaed", "ESP-IDF: examples/protocols/esp_http_client_mutual_auth/main/certs/server_key.pem"),
    ("411f90a43714a5a43d56dd372edac653182b44feb414c7ecd781d4473573dfd6", "ESP-IDF: examples/protocols/esp_local_ctrl/main/certs/prvtkey.pem"),
    ("d6f2a2864c1a5033b21e74dc41881a83969c1e46156be9a908463813c5d178e9", "ESP-IDF: examples/protocols/https_request/main/local_server_key.pem"),
    ("a451a28bc1a26ef038ccd8da71d001f13939346954aaa14147e0b6e9f2d4b3cf", "ESP-IDF: examples/protocols/https_server/simple/main/certs/cakey.pem"),
    ("7efb051caf944cc7b8df1ce034469b9d849e2757ee6afa8d5b315821a26df3ae", "ESP-IDF: examples/protocols/https_server/simple/main/certs/client_key.pem"),
    ("5bb47b4a48b5096b38006cf74fee31d31d93d420409e04d009ff603a13eebf0c", "ESP-IDF: examples/protocols/https_server/simple/main/certs/prvtkey.pem"),
    ("4cf3f287c34c42ef239136beef958cad898bef61a290f9eb7c0157c55724ee08", "ESP-IDF: examples/security/key_manager/test/ecdsa_private_key.pem"),
    ("4dae06a711fecbfd24492d916d6f2a17154f611c4915df34b4fad412d761f7b3", "ESP-IDF: examples/security/key_manager/test/rsa_private_key.pem"),
    ("92895e95537f078f65037da9671c9b1b9d6cc908866dc55b9a7cf26c52ceafbe", "ESP-IDF: examples/security/security_features_app/test/test_secure_boot_signing_key.pem"),
    ("77177007ff75c1c62795f9a7de429ba1ef0f1f7d23db68c83dcca8b3167a1839", "ESP-IDF: examples/security/tee/tee_secure_ota/test_certs/server_key.pem"),
    ("b6e4be86e53165ca36cff2db9e4190c5573ceef2941679bc8921879dd91d9223", "ESP-IDF: examples/system/efuse/test/secure_boot_signing_key.pem"),
    ("9fdbee264bfd574b6f954f87ad8b275910be99a64b77021da148fae3b4362768", "ESP-IDF: examples/system/efuse/test/secure_boot_signing_key_ecdsa.pem"),
    ("1d058d14ef56f5304a06547c0085a202e128b33e5d6ba87b86fccd23056170a4", "ESP-IDF: examples/system/efuse/test/secure_boot_signing_key_ecdsa_nistp256.pem"),
    ("b3891179959566a1e5ccad28c3d15120bd60539217e360ec562e4e7fabdd061d", "ESP-IDF: examples/system/efuse/test/secure_boot_signing_key_ecdsa_nistp384.pem"),
    ("c6c4d84b2d7812c71a1493b07638eb99c38c5664397954c7fd1a9cced0fbc56b", "ESP-IDF: examples/wifi/wifi_eap_fast/main/server.key"),
    ("000bc8d17864567afcff2e6a44cfc5e65c729bb25486539352ba741b52266c71", "ESP-IDF: examples/wifi/wifi_enterprise/main/client.key"),
    ("21ba121f12f6359ccddcb2f5af579900fe38dcc6fc1674cd25ba8a7ea6cac3ab", "ESP-IDF: examples/wifi/wifi_enterprise/main/server.key"),
    ("f9944ca3f30a6d0f09065ed7981e0c422763cd32ac3588288c596a6b87e54743", "ESP-IDF: tools/test_apps/security/secure_boot/test/secure_boot_signing_key0.pem"),
    ("96f901ddc2339795ff49f075a41ce76190bae1f0a116ef1807abd961d37dc916", "ESP-IDF: tools/test_apps/security/secure_boot/test/secure_boot_signing_key1.pem"),
    ("c828d7519827e688526730febc617f7efeefebdbca14b8c900a295852a9342c1", "ESP-IDF: tools/test_apps/security/secure_boot/test/secure_boot_signing_key2.pem"),
    ("a5a147a5910b1b73fc66af39f3b5c7c68e59170e28ca67c96de2685b45315f48", "ESP-IDF: tools/test_apps/security/secure_boot/test_ecdsa_key.pem"),
    ("c378135fd8942823efb639b2f7db4c47c93af8d89712fbefeaaaafe50578e33c", "ESP-IDF: tools/test_apps/security/secure_boot/test_rsa_3072_key.pem"),
    ("d99a7742ad482a52c93e38943e6f9af557faad041144f6688e0ba74bed3a5d6f", "ESP-IDF: tools/test_apps/security/signed_app_no_secure_boot/secure_boot_signing_key.pem"),
];
