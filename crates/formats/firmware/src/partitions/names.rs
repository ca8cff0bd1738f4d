//! Names of partition types, subtypes and flags.
//!
//! Source: ESP-IDF `components/partition_table/gen_esp32part.py` (version 1.5) and
//! `components/esp_partition/include/esp_partition.h`.

use std::borrow::Cow;

/// Partition type of applications.
pub const APP: u8 = 0x00;
/// Partition type of data.
pub const DATA: u8 = 0x01;
/// Partition type of bootloaders (ESP-IDF 5.5 and later).
pub const BOOTLOADER: u8 = 0x02;
/// Partition type of partition tables (ESP-IDF 5.5 and later).
pub const PARTITION_TABLE: u8 = 0x03;

pub(super) const PRIMARY: u8 = 0x00;
pub(super) const RECOVERY: u8 = 0x02;
pub(super) const FACTORY: u8 = 0x00;
pub(super) const FIRST_OTA: u8 = 0x10;
pub(super) const LAST_OTA: u8 = 0x1F;
pub(super) const OTADATA: u8 = 0x00;
pub(super) const NVS: u8 = 0x02;
pub(super) const COREDUMP: u8 = 0x03;
pub(super) const UNDEFINED: u8 = 0x06;
pub(super) const TEE_OTADATA: u8 = 0x90;

const KINDS: [(&str, u8); 4] =
    [("app", APP), ("data", DATA), ("bootloader", BOOTLOADER), ("partition_table", PARTITION_TABLE)];

const APP_SUBTYPES: &[(&str, u8)] = &[
    ("factory", FACTORY),
    ("ota_0", 0x10),
    ("ota_1", 0x11),
    ("ota_2", 0x12),
    ("ota_3", 0x13),
    ("ota_4", 0x14),
    ("ota_5", 0x15),
    ("ota_6", 0x16),
    ("ota_7", 0x17),
    ("ota_8", 0x18),
    ("ota_9", 0x19),
    ("ota_10", 0x1A),
    ("ota_11", 0x1B),
    ("ota_12", 0x1C),
    ("ota_13", 0x1D),
    ("ota_14", 0x1E),
    ("ota_15", LAST_OTA),
    ("test", 0x20),
    ("tee_0", 0x30),
    ("tee_1", 0x31),
];

const DATA_SUBTYPES: &[(&str, u8)] = &[
    ("ota", OTADATA),
    ("phy", 0x01),
    ("nvs", NVS),
    ("coredump", COREDUMP),
    ("nvs_keys", 0x04),
    ("efuse", 0x05),
    ("undefined", UNDEFINED),
    ("esphttpd", 0x80),
    ("fat", 0x81),
    ("spiffs", 0x82),
    ("littlefs", 0x83),
    ("tee_ota", TEE_OTADATA),
];

const BOOTLOADER_SUBTYPES: &[(&str, u8)] = &[("primary", PRIMARY), ("ota", 0x01), ("recovery", RECOVERY)];
const TABLE_SUBTYPES: &[(&str, u8)] = &[("primary", PRIMARY), ("ota", 0x01)];

/// Names of types, for a message.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.into_iter().map(|(name, _)| name)
}

/// Names of the subtypes of a type; none for a custom type.
pub(super) fn subtypes(kind: u8) -> &'static [(&'static str, u8)] {
    match kind {
        APP => APP_SUBTYPES,
        DATA => DATA_SUBTYPES,
        BOOTLOADER => BOOTLOADER_SUBTYPES,
        PARTITION_TABLE => TABLE_SUBTYPES,
        _ => &[],
    }
}

/// The type of this name, in any case.
pub(super) fn kind(name: &str) -> Option<u8> {
    value(&KINDS, name)
}

/// The subtype of this name, in any case.
pub(super) fn subtype(kind: u8, name: &str) -> Option<u8> {
    value(subtypes(kind), name)
}

/// `app`, or `0x40` for a custom type.
pub(super) fn kind_name(kind: u8) -> Cow<'static, str> {
    name(&KINDS, kind)
}

/// `ota_0`, or `0x40` for a custom subtype.
pub(super) fn subtype_name(kind: u8, subtype: u8) -> Cow<'static, str> {
    name(subtypes(kind), subtype)
}

fn value(names: &[(&'static str, u8)], wanted: &str) -> Option<u8> {
    names.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| *value)
}

fn name(names: &[(&'static str, u8)], wanted: u8) -> Cow<'static, str> {
    match names.iter().find(|(_, value)| *value == wanted) {
        Some((name, _)) => Cow::Borrowed(name),
        None => Cow::Owned(format!("{wanted:#04x}")),
    }
}
