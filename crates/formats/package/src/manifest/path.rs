//! Names of members: which are safe to write on every file system, and which a board gets.

use crate::digest::Sha256;
use crate::manifest::{DeltaFormat, EncodingName};

/// The longest path of a member: the `name` field of a ustar header (POSIX.1-2017, pax, "ustar Interchange Format").
const MAX_PATH: usize = 100;

/// The longest name made of a board; the rest of [`MAX_PATH`] is for folder, digest and ending.
const MAX_STEM: usize = 60;

/// Names no file may have on Windows, whatever their ending.
const RESERVED: &[&str] = &[
    "con", "prn", "aux", "nul", "com0", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8",
    "com9", "lpt0", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// Why a path is no member's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// Nothing, or nothing between two slashes.
    #[error("has an empty part")]
    Empty,
    /// `/etc/passwd`.
    #[error("is absolute")]
    Absolute,
    /// `..` or `.`.
    #[error("has a part `.` or `..`")]
    Dots,
    /// Longer than a ustar header holds.
    #[error("is longer than {MAX_PATH} bytes")]
    TooLong,
    /// A character that means something to some file system, shell or URL, or is not ASCII.
    #[error("has the character {0:?}; letters, digits and `._+~@=,-` are allowed")]
    Character(char),
    /// A name Windows keeps for a device, or one that ends in a dot.
    #[error("has a part that no file can be named on Windows")]
    Reserved,
    /// Not below `images/` or `deltas/`.
    #[error("is not below `images/` or `deltas/`")]
    Outside,
}

/// Whether a path may be a member's: relative, below `images/` or `deltas/`, and a file's name on every system.
///
/// Only a subset of ASCII is allowed. Other alphabets would bring names that are equal on one file system and different
/// on another, and that look alike.
///
/// # Errors
/// The first problem found.
pub fn check_path(path: &str) -> Result<(), PathProblem> {
    if path.starts_with('/') {
        return Err(PathProblem::Absolute);
    }
    let allowed = |character: char| character.is_ascii_alphanumeric() || "/._+~@=,-".contains(character);
    if let Some(character) = path.chars().find(|character| !allowed(*character)) {
        return Err(PathProblem::Character(character));
    }
    for part in path.split('/') {
        match part {
            "" => return Err(PathProblem::Empty),
            "." | ".." => return Err(PathProblem::Dots),
            _ if part.ends_with('.') || is_reserved(part) => return Err(PathProblem::Reserved),
            _ => {}
        }
    }
    if path.len() > MAX_PATH {
        return Err(PathProblem::TooLong);
    }
    match path.split_once('/') {
        Some(("images" | "deltas", _)) => Ok(()),
        _ => Err(PathProblem::Outside),
    }
}

fn is_reserved(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part);
    RESERVED.iter().any(|reserved| stem.eq_ignore_ascii_case(reserved))
}

/// The member that holds the image of a board: `images/<board>.bin`, with the ending of the encoding.
#[must_use]
pub fn image_path(board: &str, encoding: Option<EncodingName>) -> String {
    let ending = match encoding {
        None => "",
        Some(EncodingName::Zstd) => ".zst",
    };
    format!("images/{}.bin{ending}", stem(board))
}

/// The member that holds a patch: `deltas/<board>/<first 16 digits of the base's SHA-256>.<ending of the format>`.
#[must_use]
pub fn delta_path(board: &str, base: &Sha256, format: DeltaFormat) -> String {
    let base = base.hex();
    format!("deltas/{}/{}.{}", stem(board), base.get(..16).unwrap_or(&base), format.extension())
}

/// A board as a file's name: itself where it can be one.
///
/// Boards have names like `nrf52840dk/nrf52840` (Zephyr) and `arduino:avr:uno` (Arduino). Such a name gets `_` for what
/// cannot stay and eight digits of its own SHA-256, so that two boards never share a file.
fn stem(board: &str) -> String {
    let keeps = |character: char| character.is_ascii_alphanumeric() || "._+-".contains(character);
    let plain = board.chars().all(keeps)
        && !board.is_empty()
        && board.len() <= MAX_STEM
        && !board.starts_with('.')
        && !board.ends_with('.')
        && !is_reserved(board);
    if plain {
        return board.to_owned();
    }
    let readable: String = board
        .chars()
        .map(|character| if keeps(character) && character != '.' { character } else { '_' })
        .take(MAX_STEM - 9)
        .collect();
    let digest = Sha256::of(board.as_bytes()).hex();
    format!("{readable}~{}", digest.get(..8).unwrap_or(&digest))
}
