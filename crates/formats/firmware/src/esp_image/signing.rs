//! Which signatures a chip can verify.
//!
//! Source: ESP-IDF `components/soc/*/include/soc/soc_caps.h` (`SOC_SECURE_BOOT_V2_RSA`, `SOC_SECURE_BOOT_V2_ECC`) and
//! `components/bootloader/Kconfig.projbuild` (`SECURE_BOOT_V2_RSA_SUPPORTED`, `SECURE_BOOT_ECDSA_KEY_LEN_384_BITS`).

use crate::esp_image::{ChipId, SignatureScheme};

impl ChipId {
    /// The lowest chip revision (major * 100 + minor) that verifies Secure Boot V2 signatures of a scheme; `None` when
    /// no revision does.
    ///
    /// Chips that are not known here are given the benefit of the doubt.
    #[must_use]
    pub fn verifies(self, scheme: SignatureScheme) -> Option<u16> {
        let (rsa, ecdsa) = match self.0 {
            // Secure Boot V2 came to the ESP32 with revision v3.0.
            0 => (Some(300), None),
            // ESP32-S2, C3, S3, H21.
            2 | 5 | 9 | 25 => (Some(0), None),
            // ESP32-C2, C61.
            12 | 20 => (None, Some(0)),
            _ => (Some(0), Some(0)),
        };
        match scheme {
            SignatureScheme::Rsa3072 => rsa,
            SignatureScheme::EcdsaP192 | SignatureScheme::EcdsaP256 => ecdsa,
            SignatureScheme::EcdsaP384 => match self.0 {
                // ESP32-C2, C6 and H2 have no accelerator for the curve; the P4 has one since revision v3.0.
                12 | 13 | 16 => None,
                18 => Some(300),
                _ => ecdsa,
            },
        }
    }

    /// Whether the chip verifies Secure Boot V1 signatures: the ESP32 alone does.
    #[must_use]
    pub fn verifies_v1(self) -> bool {
        self.0 == 0 || self.name().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SignatureScheme::{EcdsaP192, EcdsaP256, EcdsaP384, Rsa3072};

    #[test]
    fn each_chip_verifies_what_its_capabilities_say() {
        let of = |name: &str| {
            let chip = ChipId::from_name(name).unwrap();
            [Rsa3072, EcdsaP192, EcdsaP256, EcdsaP384].map(|scheme| chip.verifies(scheme))
        };
        assert_eq!(of("esp32"), [Some(300), None, None, None]);
        for rsa in ["esp32s2", "esp32s3", "esp32c3", "esp32h21"] {
            assert_eq!(of(rsa), [Some(0), None, None, None], "{rsa}");
        }
        assert_eq!(of("esp32c2")[..3], [None, Some(0), Some(0)]);
        assert_eq!(of("esp32c61")[..3], [None, Some(0), Some(0)]);
        assert_eq!(of("esp32c6"), [Some(0), Some(0), Some(0), None]);
        assert_eq!(of("esp32h2"), [Some(0), Some(0), Some(0), None]);
        assert_eq!(of("esp32p4"), [Some(0), Some(0), Some(0), Some(300)]);
        assert_eq!(of("esp32c5"), [Some(0); 4]);
        // C2 has no accelerator for P-384 either.
        assert_eq!(of("esp32c2")[3], None);
    }
}
