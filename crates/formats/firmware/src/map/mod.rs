//! Linker maps of GNU ld and LLD: output sections and the input sections they were made of.
//!
//! A map is also written when the link fails because a region overflows, so it can be measured when
//! there is no ELF. Names are borrowed from the map; paths need not be UTF-8.

mod gnu;
mod lld;

use std::borrow::Cow;
use std::num::NonZeroU32;

use lw_hashed::HashMap;
use lw_model::{Diagnose, same_bytes};

use crate::chip::Chip;
use crate::elf::MAX_SECTION_SIZE;
use crate::region::Region;
use crate::sniff::{find, looks_like};

/// Which linker wrote a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// GNU ld (bfd).
    Gnu,
    /// LLD, the linker of LLVM and of many Rust targets.
    Lld,
}

/// A linker map.
#[derive(Clone, Debug)]
pub struct Map<'a> {
    /// Which linker wrote it.
    pub flavour: Flavour,
    /// The `MEMORY` block of the linker script; LLD does not write it.
    pub regions: Vec<Region>,
    /// The output sections in the order of the map, debug sections left out.
    pub sections: Vec<OutputSection<'a>>,
    /// The files that input sections come from; [`Input::file`] is an index here.
    pub files: Vec<InputFile<'a>>,
    /// The chip, when the map names it by an `IDF_TARGET_` symbol of ESP-IDF.
    pub chip: Option<Chip>,
    /// `e_machine` of the output, when the map names its format; LLD does not.
    pub machine: Option<u16>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// An output section of a [`Map`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputSection<'a> {
    /// Name; bytes that are no UTF-8 are replaced.
    pub name: Cow<'a, str>,
    /// Address at run time (VMA).
    pub address: u64,
    /// Bytes.
    pub size: u64,
    /// Load address, where it differs from `address`.
    pub lma: Option<u64>,
    /// What the section was made of, without empty inputs.
    pub inputs: Vec<Input<'a>>,
    /// Takes what is left of its region: the script moves its end by the length of a region.
    pub fills: bool,
    /// Line of the map, from 1.
    pub line: u32,
}

/// A part of an output section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input<'a> {
    /// What it is.
    pub kind: InputKind,
    /// Name of the input section: `.text.main`; of the common symbol; or of the data command (`LONG`).
    pub name: &'a [u8],
    /// Address at run time.
    pub address: u64,
    /// Bytes.
    pub size: u64,
    /// Where it comes from. Padding and data of the script have none.
    pub file: Option<FileNumber>,
}

/// Which of [`Map::files`] it is. That there is none takes no room of its own: a map has as many inputs as symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileNumber(NonZeroU32);

impl FileNumber {
    fn new(index: usize) -> Self {
        let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        Self(NonZeroU32::new(number).unwrap_or(NonZeroU32::MAX))
    }

    /// The index into [`Map::files`].
    #[must_use]
    pub fn index(self) -> u32 {
        self.0.get() - 1
    }
}

/// What a part of an output section is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InputKind {
    /// A section of an object file.
    Section,
    /// A common symbol, or all of a file's common symbols when the map does not name them.
    Common,
    /// Bytes the linker script writes itself (`LONG(0)`).
    Data,
    /// Padding.
    Fill,
}

/// A file that was linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InputFile<'a> {
    /// The archive, with its path.
    pub archive: Option<&'a [u8]>,
    /// The object: a member of the archive, or a path.
    pub object: &'a [u8],
}

/// Why a map could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// Something else, or the map of another linker.
    #[error("expected a map of GNU ld or LLD, found {0}")]
    Unknown(String),
    /// Text where a number belongs, or a number that is too large.
    #[error("line {line}: {what} `{text}` is not a hexadecimal number of at most 64 bits")]
    Number {
        /// Line, from 1.
        line: u32,
        /// What the number says.
        what: &'static str,
        /// The text.
        text: String,
    },
    /// A section that cannot be.
    #[error("line {line}: section `{name}` has {size:#x} bytes at {address:#x}, which cannot be")]
    Section {
        /// Line, from 1.
        line: u32,
        /// Its name.
        name: String,
        /// Its address.
        address: u64,
        /// Its size.
        size: u64,
    },
    /// The map ends too early.
    #[error("line {line}: the map ends in the middle of its output sections")]
    Cut {
        /// Last line.
        line: u32,
    },
}

impl Diagnose for MapError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Unknown(found) if found.starts_with("a map of") => {
                "Only maps of GNU ld and LLD are read. Give the linker's ELF output (.elf, .axf, .out) with the regions as in --region FLASH=0x08000000+64K."
                    .into()
            }
            Self::Unknown(_) => {
                "Write the map with -Wl,-Map=firmware.map (GNU ld or LLD), with LC_ALL=C so that its headings are English."
                    .into()
            }
            Self::Number { .. } | Self::Section { .. } => "The map is damaged: link again.".into(),
            Self::Cut { .. } => "The map is cut off: link again, or copy the file again.".into(),
        })
    }
}

impl<'a> Map<'a> {
    /// Reads a map; which linker wrote it is found out.
    ///
    /// # Errors
    /// When it is no map of GNU ld or LLD, is cut off, or has sizes that cannot be.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, MapError> {
        if lld::is_header(lines(bytes).next().unwrap_or_default()) {
            return lld::parse(bytes);
        }
        match gnu::parse(bytes) {
            Err(MapError::Cut { .. }) if !gnu::looks_right(bytes) => Err(MapError::Unknown(unknown(bytes))),
            result => result,
        }
    }

    /// The file an input comes from.
    #[must_use]
    pub fn file(&self, input: &Input<'_>) -> Option<InputFile<'a>> {
        self.files.get(input.file?.index() as usize).copied()
    }
}

fn unknown(bytes: &[u8]) -> String {
    let others: [(&[u8], &str); 15] = [
        (b"Image component sizes", "a map of Arm's armlink"),
        (b"Memory Map of the image", "a map of Arm's armlink"),
        (b"Image Symbol Table", "a map of Arm's armlink"),
        (b"Tool: armlink", "a map of Arm's armlink"),
        (b"Section Cross References", "a map of Arm's armlink"),
        (b"IAR ELF Linker", "a map of IAR's ilink"),
        (b"*** PLACEMENT SUMMARY", "a map of IAR's ilink"),
        (b"*** MODULE SUMMARY", "a map of IAR's ilink"),
        (b"IAR Universal Linker", "a map of IAR's xlink"),
        (b"ENTRY POINT SYMBOL:", "a map of TI's linker"),
        (b"SECTION ALLOCATION MAP", "a map of TI's linker"),
        (b"TI ARM Linker", "a map of TI's linker"),
        (b"TMS320C", "a map of TI's linker"),
        (b"Archive member included because of file", "a map of gold"),
        (b"VMA       Size Align Out", "a map of mold"),
    ];
    let other = others.iter().find(|(mark, _)| find(bytes, mark).is_some());
    other.map_or_else(|| looks_like(bytes), |(_, what)| (*what).into())
}

/// Gives each distinct file one number.
#[derive(Default)]
struct Files<'a> {
    files: Vec<InputFile<'a>>,
    numbers: HashMap<FilePath<'a>, FileNumber>,
    last: Option<(FilePath<'a>, FileNumber)>,
}

impl<'a> Files<'a> {
    /// `lib.a(obj.o)` or `obj.o`. Neighbouring inputs mostly come from one file, which is looked at first.
    fn number(&mut self, path: &'a [u8]) -> FileNumber {
        let path = FilePath(path);
        if let Some((last, number)) = self.last
            && last == path
        {
            return number;
        }
        let number = match self.numbers.get(&path) {
            Some(number) => *number,
            None => {
                let number = FileNumber::new(self.files.len());
                self.files.push(split(path.0));
                self.numbers.insert(path, number);
                number
            }
        };
        self.last = Some((path, number));
        number
    }
}

/// A path. Those of a map are long, and mostly the same as the one before.
#[derive(Clone, Copy, Hash)]
struct FilePath<'a>(&'a [u8]);

impl PartialEq for FilePath<'_> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        same_bytes(self.0, other.0)
    }
}

impl Eq for FilePath<'_> {}

/// The lines of a map, searched for with vector instructions: telling lines apart is most of reading a map.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = memchr::memchr(b'\n', text);
        rest = end.and_then(|end| text.get(end + 1..));
        text.get(..end.unwrap_or(text.len()))
    })
}

/// Splits `dir/lib.a(obj.o)`. A parenthesis that belongs to a path (`dir (x86)/obj.o`, `copy (1)`) does not
/// split: the member ends the text, and its parenthesis follows the archive's name without a space.
fn split(path: &[u8]) -> InputFile<'_> {
    let plain = InputFile { archive: None, object: path };
    let Some(inner) = path.strip_suffix(b")") else { return plain };
    let mut depth = 1usize;
    for (index, byte) in inner.iter().enumerate().rev() {
        match byte {
            b')' => depth += 1,
            b'(' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let (archive, object) = (inner.get(..index), inner.get(index + 1..));
            return match (archive, object) {
                (Some(archive), Some(object)) if archive.last().is_some_and(|last| *last != b' ') => {
                    InputFile { archive: Some(archive), object }
                }
                _ => plain,
            };
        }
    }
    plain
}

/// Output sections that take no memory. GNU ld gives them addresses from 0 like any other.
fn is_debug(name: &[u8]) -> bool {
    const EXACT: [&[u8]; 16] = [
        b".comment",
        b".line",
        b".debug",
        b".stab",
        b".stabstr",
        b".symtab",
        b".strtab",
        b".shstrtab",
        b".noload",
        b".ARM.attributes",
        b".riscv.attributes",
        b".xtensa.info",
        b".gnu.attributes",
        b".note.GNU-stack",
        b".gnu_debuglink",
        b"/DISCARD/",
    ];
    const PREFIXES: [&[u8]; 12] = [
        b".espressif.",
        b".debug_",
        b".zdebug_",
        b".stab.",
        b".xt.prop",
        b".xt.lit",
        b".xt.insn",
        b".gnu.lto_",
        b".gnu.build.attributes",
        b".gnu.linkonce.wi.",
        b".note.gnu.avr.deviceinfo",
        b".llvm",
    ];
    EXACT.contains(&name)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || name.ends_with(b".attributes")
}

/// Whether an expression that moves the location counter names the length of a region.
fn moves_by_length(expression: &[u8]) -> bool {
    ["LENGTH (", "LENGTH("].iter().any(|word| memchr::memmem::find(expression, word.as_bytes()).is_some())
}

/// A hexadecimal number without prefix.
#[inline]
fn hex(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    let mut value = 0u64;
    for digit in digits {
        let digit = char::from(*digit).to_digit(16)?;
        if value >> 60 != 0 {
            return None;
        }
        value = value << 4 | u64::from(digit);
    }
    Some(value)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Refuses a section that no address space holds.
fn check(section: &OutputSection<'_>) -> Result<(), MapError> {
    let &OutputSection { address, size, lma, .. } = section;
    let ends = [address, lma.unwrap_or(address)].map(|start| start.checked_add(size));
    if size <= MAX_SECTION_SIZE && ends.iter().all(Option::is_some) {
        return Ok(());
    }
    Err(MapError::Section { line: section.line, name: section.name.to_string(), address, size })
}
