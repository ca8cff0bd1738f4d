//! Images as build tools write them, made here.

use sha2::{Digest, Sha256};

/// An ESP application.
#[derive(Clone, Debug)]
pub(crate) struct Esp {
    pub(crate) chip: u16,
    pub(crate) version: &'static str,
    pub(crate) project: &'static str,
    pub(crate) secure_version: u32,
    pub(crate) min_revision: u16,
    pub(crate) max_revision: u16,
    pub(crate) hash: bool,
    /// The data of the segment after the descriptor.
    pub(crate) data: Vec<u8>,
    /// Where that segment goes, when not to mapped flash.
    pub(crate) load: Option<u32>,
    /// Whether the descriptor is there.
    pub(crate) describes: bool,
    /// Where the loader jumps to, when not to the second segment.
    pub(crate) entry: Option<u32>,
    /// Whether the first segment goes to RAM, so that nothing is mapped from flash: a bootloader.
    pub(crate) in_ram: bool,
}

impl Default for Esp {
    /// An ESP32-S3 application of the version 1.2.3.
    fn default() -> Self {
        Self {
            chip: 9,
            version: "1.2.3",
            project: "demo",
            secure_version: 0,
            min_revision: 0,
            max_revision: 99,
            hash: true,
            data: vec![0x55; 4096],
            load: None,
            describes: true,
            entry: None,
            in_ram: false,
        }
    }
}

impl Esp {
    /// The file, as esptool's `elf2image` lays it out (ESP-IDF `esp_app_format.h`).
    pub(crate) fn build(&self) -> Vec<u8> {
        let mut descriptor = vec![0; 256];
        if self.describes {
            descriptor[..4].copy_from_slice(&0xABCD_5432u32.to_le_bytes());
            descriptor[4..8].copy_from_slice(&self.secure_version.to_le_bytes());
            descriptor[16..16 + self.version.len()].copy_from_slice(self.version.as_bytes());
            descriptor[48..48 + self.project.len()].copy_from_slice(self.project.as_bytes());
        }
        // Where the MMU maps data and code, and the second segment's data is at 0x128 of the file.
        let (data, code) = match self.chip {
            0 => (0x3F40_0020u32, 0x400D_0128),
            _ => (0x3C00_0020, 0x4200_0128),
        };
        let data = if self.in_ram { 0x3FC8_8000 } else { data };
        let segments = [(data, descriptor), (self.load.unwrap_or(code), self.data.clone())];
        let mut file = vec![0xE9, 2, 2, 0x4F];
        file.extend(self.entry.unwrap_or(segments[1].0).to_le_bytes());
        file.extend([0xEE, 0, 0, 0]);
        file.extend(self.chip.to_le_bytes());
        file.push(0);
        file.extend(self.min_revision.to_le_bytes());
        file.extend(self.max_revision.to_le_bytes());
        file.extend([0, 0, 0, 0, u8::from(self.hash)]);
        let mut sum = 0xEF;
        for (address, data) in segments {
            file.extend(address.to_le_bytes());
            file.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
            sum = data.iter().fold(sum, |sum, byte| sum ^ byte);
            file.extend(data);
        }
        file.resize((file.len() + 1).next_multiple_of(16) - 1, 0);
        file.push(sum);
        if self.hash {
            let digest = Sha256::digest(&file);
            file.extend(digest);
        }
        file
    }

    /// The same of `length` bytes in all, which is a multiple of 16.
    pub(crate) fn of_length(mut self, length: usize) -> Vec<u8> {
        let overhead = {
            self.data = vec![0; 16];
            self.build().len() - 16
        };
        self.data = noise(length - overhead, 7);
        let file = self.build();
        assert_eq!(file.len(), length);
        file
    }
}

/// An image for MCUboot.
#[derive(Clone, Debug)]
pub(crate) struct Mcuboot {
    pub(crate) version: (u8, u8, u16, u32),
    pub(crate) flags: u32,
    pub(crate) payload: Vec<u8>,
    /// TLVs under the hash.
    pub(crate) protected: Vec<(u16, Vec<u8>)>,
    /// TLVs after the hash.
    pub(crate) unprotected: Vec<(u16, Vec<u8>)>,
}

impl Default for Mcuboot {
    /// Version 1.2.3+4 with the security counter 5, signed with ECDSA by nobody's key.
    fn default() -> Self {
        Self {
            version: (1, 2, 3, 4),
            flags: 0,
            payload: vec![7; 100],
            protected: vec![(0x50, vec![5, 0, 0, 0])],
            unprotected: vec![(0x01, vec![8; 32]), (0x22, vec![0x30; 70])],
        }
    }
}

impl Mcuboot {
    /// The file, as `imgtool sign` lays it out: header, payload, protected TLVs, the hash and the other TLVs.
    pub(crate) fn build(&self) -> Vec<u8> {
        let area = |magic: u16, tlvs: &[(u16, Vec<u8>)]| {
            let mut bytes = Vec::new();
            for (kind, data) in tlvs {
                bytes.extend(kind.to_le_bytes());
                bytes.extend(u16::try_from(data.len()).unwrap().to_le_bytes());
                bytes.extend(data);
            }
            let total = u16::try_from(bytes.len() + 4).unwrap();
            [&magic.to_le_bytes()[..], &total.to_le_bytes(), &bytes].concat()
        };
        let protected = if self.protected.is_empty() { Vec::new() } else { area(0x6908, &self.protected) };
        let mut file = Vec::new();
        file.extend(0x96F3_B83Du32.to_le_bytes());
        file.extend(0u32.to_le_bytes());
        file.extend(32u16.to_le_bytes());
        file.extend(u16::try_from(protected.len()).unwrap().to_le_bytes());
        file.extend(u32::try_from(self.payload.len()).unwrap().to_le_bytes());
        file.extend(self.flags.to_le_bytes());
        file.extend([self.version.0, self.version.1]);
        file.extend(self.version.2.to_le_bytes());
        file.extend(self.version.3.to_le_bytes());
        file.extend(0u32.to_le_bytes());
        file.extend(&self.payload);
        file.extend(protected);
        let digest = (0x10, Sha256::digest(&file).to_vec());
        let unprotected: Vec<_> = [digest].into_iter().chain(self.unprotected.clone()).collect();
        file.extend(area(0x6907, &unprotected));
        file
    }
}

/// An image for MCUboot with a security counter, signed by nobody's key.
pub(crate) fn mcuboot(version: (u8, u8, u16, u32), counter: u32, payload: &[u8]) -> Vec<u8> {
    let protected = vec![(0x50, counter.to_le_bytes().to_vec())];
    Mcuboot { version, payload: payload.to_vec(), protected, ..Mcuboot::default() }.build()
}

/// An Intel HEX file of what is written where.
pub(crate) fn intel_hex(ranges: &[(u32, &[u8])]) -> Vec<u8> {
    let record = |offset: u16, kind: u8, data: &[u8]| {
        let mut bytes = vec![u8::try_from(data.len()).unwrap()];
        bytes.extend(offset.to_be_bytes());
        bytes.push(kind);
        bytes.extend(data);
        bytes.push(bytes.iter().fold(0u8, |sum, byte| sum.wrapping_sub(*byte)));
        format!(":{}\n", base16ct::upper::encode_string(&bytes))
    };
    let mut text = String::new();
    for (address, data) in ranges {
        for (at, piece) in (*address..).step_by(16).zip(data.chunks(16)) {
            text += &record(0, 4, &at.to_be_bytes()[..2]);
            text += &record(u16::try_from(at & 0xFFFF).unwrap(), 0, piece);
        }
    }
    (text + ":00000001FF\n").into_bytes()
}

/// A UF2 file of one family, the blocks of each part counted by themselves, as esptool joins them.
pub(crate) fn uf2(family: u32, parts: &[(u32, &[u8])]) -> Vec<u8> {
    let mut file = Vec::new();
    for (address, data) in parts {
        let total = u32::try_from(data.chunks(256).len()).unwrap();
        for (number, piece) in (0..).zip(data.chunks(256)) {
            let size = u32::try_from(piece.len()).unwrap();
            let words =
                [0x0A32_4655, 0x9E5D_5157, 0x2000, address + number * 256, size, number, total, family];
            let start = file.len();
            file.extend(words.into_iter().flat_map(u32::to_le_bytes));
            file.extend(piece);
            file.resize(start + 508, 0);
            file.extend(0x0AB1_6F30u32.to_le_bytes());
        }
    }
    file
}

/// Bytes that do not compress, the same for the same seed.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        // xorshift64* (Vigna 2016).
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        bytes.extend(state.wrapping_mul(0x2545_F491_4F6C_DD1D).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A partition table of two OTA slots of these sizes.
pub(crate) fn table(first: usize, second: usize) -> String {
    format!(
        "nvs,data,nvs,0x9000,0x4000\notadata,data,ota,0xd000,0x2000\nota_0,app,ota_0,0x20000,{first}\nota_1,app,ota_1,,{second}\n"
    )
}
