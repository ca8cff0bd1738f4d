//! Gives a raw binary the header, the protected TLVs and the padding `imgtool sign` gives it.

use std::fmt;
use std::str::FromStr;

use crate::mcuboot::{Covered, HeaderError, kind};

/// `IMAGE_MAGIC`.
const MAGIC: u32 = 0x96F3_B83D;
/// `IMAGE_TLV_PROT_INFO_MAGIC`.
const PROTECTED_MAGIC: u16 = 0x6908;
/// Bytes of `struct image_header`.
const FIELDS: u16 = 32;
const NON_BOOTABLE: u32 = 0x010;
const RAM_LOAD: u32 = 0x020;
const ROM_FIXED: u32 = 0x100;
/// `boot_img_magic` where the largest write is 8 bytes.
const TRAILER_MAGIC: [u8; 16] =
    [0x77, 0xC2, 0x95, 0xF3, 0x60, 0xD2, 0xEF, 0x7F, 0x35, 0x52, 0x50, 0x0F, 0x2C, 0xB6, 0x79, 0x80];
/// The same of larger writes, after two bytes that give their size.
const TRAILER_MAGIC_ALIGNED: [u8; 14] =
    [0x2D, 0xE1, 0x5D, 0x29, 0x41, 0x0B, 0x8D, 0x77, 0x67, 0x9C, 0x11, 0x0F, 0x1F, 0x8A];

/// `struct image_version`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Version {
    pub major: u8,
    pub minor: u8,
    pub revision: u16,
    pub build: u32,
}

impl Version {
    /// The security counter `imgtool sign --security-counter auto` makes of it.
    #[must_use]
    pub fn security_counter(self) -> u32 {
        (u32::from(self.major) << 24) + (u32::from(self.minor) << 16) + u32::from(self.revision)
    }

    fn bytes(self) -> [u8; 8] {
        let [r0, r1] = self.revision.to_le_bytes();
        let [b0, b1, b2, b3] = self.build.to_le_bytes();
        [self.major, self.minor, r0, r1, b0, b1, b2, b3]
    }
}

impl fmt::Display for Version {
    /// `1.2.3+4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}+{}", self.major, self.minor, self.revision, self.build)
    }
}

/// A text that is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no version of a MCUboot image; expected MAJOR.MINOR.REVISION+BUILD, such as 1.2.3 or 1.2.3+4, with at most \
     255, 255, 65535 and 4294967295"
)]
pub struct VersionError(pub String);

impl FromStr for Version {
    type Err = VersionError;

    /// As imgtool takes it: what is missing at the end is 0.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        fn number<T: FromStr>(text: Option<&str>) -> Option<T> {
            let text = text.unwrap_or("0");
            text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
        }
        let read = || {
            let (numbers, build) = text.split_once('+').map_or((text, None), |(a, b)| (a, Some(b)));
            let mut parts = numbers.split('.');
            let version = Self {
                major: number(Some(parts.next()?))?,
                minor: number(parts.next())?,
                revision: number(parts.next())?,
                build: number(build)?,
            };
            parts.next().is_none().then_some(version)
        };
        read().ok_or_else(|| VersionError(text.into()))
    }
}

/// Another image that has to be there, and its lowest version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// Number of the image, from 0.
    pub image: u8,
    /// Lowest version that will do.
    pub minimum: Version,
}

/// Where the image runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadAddress {
    /// In the slot it is in.
    #[default]
    InPlace,
    /// In RAM, where the bootloader copies it to (`--load-addr`).
    Ram(u32),
    /// In a slot at this address alone (`--rom-fixed`).
    Fixed(u32),
}

/// What `imgtool sign` takes for the header of a raw binary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// Bytes of the header with its padding.
    pub header_size: u32,
    /// Whether the binary leaves no room for the header, which then comes before it. Otherwise it starts with that many
    /// zeros.
    pub pad_header: bool,
    /// The version.
    pub version: Version,
    /// Where it runs.
    pub load_address: LoadAddress,
    /// Whether the bootloader does not start it.
    pub non_bootable: bool,
    /// The counter against rollback.
    pub security_counter: Option<u32>,
    /// The other images it needs.
    pub dependencies: Vec<Dependency>,
}

/// What comes before and after the payload of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// The header with its padding.
    pub header: Vec<u8>,
    /// Bytes at the start of the binary that the header takes the place of. They are zeros, which
    /// [`check_start`](Self::check_start) checks.
    pub skip: u16,
    /// Bytes of the payload: the rest of the binary.
    pub payload: u32,
    /// The protected area, which follows the payload and is hashed with it; empty without protected TLVs.
    pub protected: Vec<u8>,
}

impl Parameters {
    /// Makes header and protected TLVs of a binary of this length.
    ///
    /// # Errors
    /// When one of the parameters does not do, or the binary is too short or too long.
    pub fn prepare(&self, length: u64) -> Result<Prepared, HeaderError> {
        let size = u16::try_from(self.header_size)
            .ok()
            .filter(|size| *size >= FIELDS)
            .ok_or(HeaderError::Size { size: self.header_size })?;
        let skip = if self.pad_header { 0 } else { size };
        let payload = length
            .checked_sub(skip.into())
            .filter(|payload| *payload > 0)
            .ok_or(HeaderError::Empty { length, size })?;
        let payload = u32::try_from(payload).map_err(|_| HeaderError::TooLong { length: payload })?;
        let protected = self.protected()?;
        let protected_size = u16::try_from(protected.len()).unwrap_or(u16::MAX);
        let end = u32::from(size).checked_add(payload).and_then(|end| end.checked_add(protected_size.into()));
        end.ok_or(HeaderError::TooLong { length: payload.into() })?;
        let (address, placed) = match self.load_address {
            // No flag stands for the address 0.
            LoadAddress::InPlace | LoadAddress::Ram(0) | LoadAddress::Fixed(0) => (0, 0),
            LoadAddress::Ram(address) => (address, RAM_LOAD),
            LoadAddress::Fixed(address) => (address, ROM_FIXED),
        };
        let flags = placed | if self.non_bootable { NON_BOOTABLE } else { 0 };
        let mut header = [
            &MAGIC.to_le_bytes()[..],
            &address.to_le_bytes(),
            &size.to_le_bytes(),
            &protected_size.to_le_bytes(),
            &payload.to_le_bytes(),
            &flags.to_le_bytes(),
            &self.version.bytes(),
            &[0; 4],
        ]
        .concat();
        // Room that the binary has left is zero, and room that is made for it is erased flash.
        header.resize(size.into(), if self.pad_header { 0xFF } else { 0 });
        Ok(Prepared { header, skip, payload, protected })
    }

    fn protected(&self) -> Result<Vec<u8>, HeaderError> {
        let mut tlvs = Vec::new();
        let mut push = |kind: u16, data: &[u8]| {
            tlvs.extend(kind.to_le_bytes());
            // None is longer than 12 bytes.
            tlvs.extend(u16::try_from(data.len()).unwrap_or(0).to_le_bytes());
            tlvs.extend(data);
        };
        if let Some(counter) = self.security_counter {
            push(kind::SEC_CNT, &counter.to_le_bytes());
        }
        for Dependency { image, minimum } in &self.dependencies {
            push(kind::DEPENDENCY, &[&[*image, 0, 0, 0][..], &minimum.bytes()].concat());
        }
        if tlvs.is_empty() {
            return Ok(tlvs);
        }
        let length = u16::try_from(tlvs.len() + 4)
            .map_err(|_| HeaderError::Dependencies { count: self.dependencies.len() })?;
        Ok([&PROTECTED_MAGIC.to_le_bytes()[..], &length.to_le_bytes(), &tlvs].concat())
    }
}

impl Prepared {
    /// Checks the first [`skip`](Self::skip) bytes of the binary: there has to be room for the header.
    ///
    /// # Errors
    /// The first byte that is not zero.
    pub fn check_start(&self, start: &[u8]) -> Result<(), HeaderError> {
        match start.iter().take(self.skip.into()).enumerate().find(|(_, byte)| **byte != 0) {
            Some((offset, found)) => Err(HeaderError::NoRoom { offset, found: *found, size: self.skip }),
            None => Ok(()),
        }
    }

    /// Bytes of the image without its unprotected TLVs.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.header.len() as u64 + u64::from(self.payload) + self.protected.len() as u64
    }

    /// The digests of the image of a binary in memory.
    ///
    /// # Errors
    /// When the binary leaves no room for the header.
    pub fn digest(&self, binary: &[u8]) -> Result<Covered, HeaderError> {
        self.check_start(binary)?;
        let payload = binary.get(self.skip.into()..).unwrap_or_default();
        Ok(Covered::of(&[&self.header, payload, &self.protected].concat()))
    }
}

/// The slot an image is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its bytes.
    pub size: u64,
    /// Smallest write of the flash in bytes (`--align`).
    pub align: u32,
    /// Largest write in bytes (`--max-align`): 8, or `align` where that is larger, unless it is said.
    pub max_align: Option<u32>,
    /// Sectors the bootloader keeps track of (`--max-sectors`); imgtool takes 128.
    pub max_sectors: u32,
    /// Whether nothing is swapped (`--overwrite-only`).
    pub overwrite_only: bool,
}

/// What follows an image that is padded to its slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Padding {
    /// Bytes of 0xFF.
    pub erased: u64,
    /// The last bytes of the slot.
    pub trailer: Vec<u8>,
}

impl Slot {
    /// Bytes imgtool keeps free for the trailer. Whole sectors that a swap needs are not counted by it:
    /// `lw_firmware::mcuboot::Slots` does that.
    ///
    /// # Errors
    /// When one of the figures is impossible.
    pub fn trailer(&self) -> Result<u64, HeaderError> {
        let max_align = u64::from(self.max_align()?);
        let magic = 16u64.next_multiple_of(max_align);
        if self.overwrite_only {
            return Ok(max_align * 2 + magic);
        }
        Ok(u64::from(self.max_sectors) * 3 * u64::from(self.align) + max_align * 4 + magic)
    }

    fn max_align(&self) -> Result<u32, HeaderError> {
        let power = |what, found: u32, least, expected| {
            let good = found.is_power_of_two() && (least..=32).contains(&found);
            if good { Ok(found) } else { Err(HeaderError::Align { what, found, expected }) }
        };
        power("a smallest write", self.align, 1, "1, 2, 4, 8, 16 or 32")?;
        power("a largest write", self.max_align.unwrap_or(self.align.max(8)), 8, "8, 16 or 32")
    }

    /// Whether an image of this length, TLVs included, leaves room for the trailer; the bytes that are left.
    ///
    /// # Errors
    /// When it does not.
    pub fn check(&self, image: u64) -> Result<u64, HeaderError> {
        let trailer = self.trailer()?;
        let left = self.size.checked_sub(trailer).and_then(|room| room.checked_sub(image));
        left.ok_or(HeaderError::Slot { image, trailer, slot: self.size })
    }

    /// What follows an image of this length when it is padded to the slot (`--pad`), and confirmed (`--confirm`).
    ///
    /// # Errors
    /// When it does not fit.
    pub fn padding(&self, image: u64, confirm: bool) -> Result<Padding, HeaderError> {
        self.check(image)?;
        let max_align = self.max_align()?;
        let magic = if max_align == 8 {
            TRAILER_MAGIC.to_vec()
        } else {
            let [low, high, ..] = max_align.to_le_bytes();
            [&[low, high][..], &TRAILER_MAGIC_ALIGNED].concat()
        };
        let magic_room = usize::try_from(16u32.next_multiple_of(max_align)).unwrap_or(32);
        // `image_ok` lies one step below the magic.
        let mut trailer = vec![0xFF; usize::try_from(max_align).unwrap_or(32) + magic_room - magic.len()];
        if let Some(image_ok) = trailer.first_mut().filter(|_| confirm && !self.overwrite_only) {
            *image_ok = 1;
        }
        trailer.extend(magic);
        let erased = self.size - image - trailer.len() as u64;
        Ok(Padding { erased, trailer })
    }
}
