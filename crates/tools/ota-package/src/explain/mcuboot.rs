//! Every field of an image for MCUboot.

use base16ct::lower::encode_string as hex;
use lw_firmware::mcuboot::{self, Flag, Tlv, TlvKind, Trailing};
use lw_model::{Align, ByteSize, Cell, Table};

use crate::explain::Fields;

/// Bytes of a TLV that are shown: a digest or a key hash as a whole, a signature as its beginning.
const SHOWN: usize = 64;

/// Every field of an image.
pub(super) fn tables(image: &mcuboot::Image) -> Vec<Table> {
    vec![header(image), tlvs(image), trailing(image)]
}

fn header(image: &mcuboot::Image) -> Table {
    let mut fields = Fields::new("header", "Header");
    let header = &image.header;
    fields.row(0, "ih_magic", "0x96f3b83d", "MCUboot image");
    fields.row(
        4,
        "ih_load_addr",
        format!("{:#010x}", header.load_addr),
        "where it is loaded or linked to, with RAM_LOAD or ROM_FIXED",
    );
    fields.row(8, "ih_hdr_size", header.header_size.to_string(), "where the payload starts");
    fields.row(10, "ih_protect_tlv_size", header.protected_size.to_string(), "bytes of TLVs the hash covers");
    fields.row(
        12,
        "ih_img_size",
        header.image_size.to_string(),
        format!("{} of payload", ByteSize(header.image_size.into())),
    );
    let mut flags: Vec<String> = header.flags.names().map(str::to_owned).collect();
    if header.flags.unknown() != 0 {
        flags.push(format!("unknown {:#x}", header.flags.unknown()));
    }
    fields.row(
        16,
        "ih_flags",
        format!("{:#x}", header.flags.0),
        if flags.is_empty() { "none".to_owned() } else { flags.join(", ") },
    );
    fields.row(20, "ih_ver", header.version.to_string(), "version of the application");
    fields.table()
}

fn tlvs(image: &mcuboot::Image) -> Table {
    let mut table = Table::new(
        "tlvs",
        "TLVs",
        &[
            ("Offset", Align::Right),
            ("Type", Align::Left),
            ("Length", Align::Right),
            ("Value", Align::Left),
            ("Meaning", Align::Left),
        ],
    );
    let protected = image.protected.iter().map(|tlv| (tlv, true));
    for (tlv, is_protected) in protected.chain(image.unprotected.iter().map(|tlv| (tlv, false))) {
        let shown = tlv.data.get(..SHOWN).unwrap_or(&tlv.data);
        let mut value = hex(shown);
        if shown.len() < tlv.data.len() {
            value.push('…');
        }
        table.rows.push(vec![
            Cell::Code(format!("{:#x}", tlv.offset)),
            Cell::Text(tlv.kind.to_string()),
            Cell::Bytes(i64::try_from(tlv.data.len()).unwrap_or(i64::MAX)),
            Cell::Code(value),
            Cell::Text(meaning(image, tlv, is_protected)),
        ]);
    }
    table
}

fn meaning(image: &mcuboot::Image, tlv: &Tlv, is_protected: bool) -> String {
    let is_unchecked =
        image.digests.iter().any(|digest| digest.offset == tlv.offset && digest.computed.is_none());
    let text = match tlv.kind {
        kind if kind.is_signature() => "signature; `sign verify` checks it against a key",
        TlvKind::SHA256 | TlvKind::SHA384 | TlvKind::SHA512 if is_unchecked => {
            "hash of header, plain payload and protected TLVs: not checked, the payload is encrypted"
        }
        TlvKind::SHA256 | TlvKind::SHA384 | TlvKind::SHA512 => {
            "hash of header, payload and protected TLVs: holds"
        }
        TlvKind::KEYHASH => "hash of the public key that signed",
        TlvKind::PUBKEY => "the public key that signed",
        TlvKind::SIG_PURE => "the signature is over the image, not over its hash",
        TlvKind::SEC_CNT => "security counter: a device refuses an image below the one it has stored",
        TlvKind::DEPENDENCY => "another image this one needs",
        TlvKind::UUID_VID => "UUID of the vendor it is for",
        TlvKind::UUID_CID => "UUID of the class of device it is for",
        TlvKind::BOOT_RECORD => "boot record for attestation",
        kind if kind.is_vendor() => "a vendor's own",
        _ => "",
    };
    match (is_protected, text) {
        (true, "") => "protected".to_owned(),
        (true, text) => format!("{text} (protected)"),
        (false, text) => text.to_owned(),
    }
}

fn trailing(image: &mcuboot::Image) -> Table {
    let mut fields = Fields::new("trailing", "After the image");
    match &image.trailing {
        Trailing::None => {}
        Trailing::Padding { offset } => {
            fields.row(
                *offset,
                "padding",
                ByteSize(image.total_len.saturating_sub(*offset)).to_string(),
                "0xff up to the end of the file",
            );
        }
        Trailing::Slot(trailer) => {
            let flag = |flag: Flag| match flag {
                Flag::Set => "set".to_owned(),
                Flag::Unset => "not set".to_owned(),
                Flag::Bad(byte) => format!("{byte:#04x}: damaged"),
            };
            fields.row(
                trailer.offset,
                "image_ok",
                flag(trailer.image_ok),
                "the image is confirmed and is not reverted",
            );
            fields.row(trailer.offset, "copy_done", flag(trailer.copy_done), "a swap was completed");
            if let Some(name) = trailer.swap_name() {
                fields.row(trailer.offset, "swap_info", name, "kind of swap");
            }
        }
        Trailing::Other { offset, length } => {
            fields.row(
                *offset,
                "trailing data",
                ByteSize(*length).to_string(),
                "the bootloader does not look at it",
            );
        }
    }
    fields.table()
}
