//! Which files belong to which board.

use std::path::{Path, PathBuf};

use lw_cli::config::{did_you_mean, nearest};
use lw_cli::{Context, Error};
use lw_firmware::esp_image::ChipId;
use lw_model::Report;

/// A file, and the board it is for where the user says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// The board.
    pub(crate) board: Option<String>,
    /// The file.
    pub(crate) path: PathBuf,
}

/// Reads `FILE` and `BOARD=FILE`, where a file is a path or a pattern.
///
/// # Errors
/// When a file is missing (as `--missing` says), or when the pattern of a board matches several.
pub(crate) fn items(
    flag: &str,
    specs: &[String],
    cx: &Context,
    report: &mut Report,
) -> Result<Vec<Item>, Error> {
    let mut items: Vec<Item> = Vec::new();
    for spec in specs {
        let exists = |path: &str| cx.resolve(Path::new(path)).exists();
        let (board, pattern) = split(spec, exists);
        if let (None, Some((head, value))) = (board, pattern.split_once('='))
            && !head.starts_with(['.', '/'])
            && (exists(value.trim()) || value.contains(['*', '?', '[', '{']))
        {
            // A checkout must not bring a file that is taken for the one that was meant.
            return Err(Error::usage(format!(
                "--{flag} {spec}: {} is meant for board {head}, or the file of the whole name, which is there too",
                value.trim()
            ))
            .hint("write ./ before the name of that file to mean it, or remove it"));
        }
        let paths = cx.expand(std::slice::from_ref(&pattern.to_owned()), report)?;
        if let (Some(board), [_, second, ..]) = (board, paths.as_slice()) {
            return Err(Error::usage(format!(
                "--{flag} {spec}: the pattern matches more than one file, {} among them",
                second.display()
            ))
            .hint(format!("name the one file of board {board}")));
        }
        for path in paths {
            let item = Item { board: board.map(str::to_owned), path };
            if !items.contains(&item) {
                items.push(item);
            }
        }
    }
    Ok(items)
}

/// `BOARD=VALUE`, or a value for every board. A path that exists as it is written is no pair, whatever is in it.
fn split(spec: &str, exists: impl Fn(&str) -> bool) -> (Option<&str>, &str) {
    let spec = spec.trim();
    match spec.split_once('=') {
        // Zephyr's boards have a slash in them: nrf52840dk/nrf52840.
        Some((board, value)) if !exists(spec) => (Some(board.trim()), value.trim()),
        _ => (None, spec),
    }
}

/// Values that are for one board or for all.
#[derive(Debug)]
pub(crate) struct PerBoard<T> {
    values: Vec<(Option<String>, T)>,
}

impl<T> PerBoard<T> {
    /// The value of a board: its own, or else the one for all.
    pub(crate) fn of(&self, board: Option<&str>) -> Option<&T> {
        let own = self.values.iter().find(|(of, _)| of.is_some() && of.as_deref() == board);
        own.or_else(|| self.values.iter().find(|(of, _)| of.is_none())).map(|(_, value)| value)
    }

    /// Refuses values of boards that are not there: one that is never used is a check that is never made.
    ///
    /// # Errors
    /// When there is one.
    pub(crate) fn used_by(&self, flag: &str, boards: &[&str]) -> Result<(), Error> {
        let stray = self.values.iter().filter_map(|(board, _)| board.as_deref());
        check_boards(flag, stray, boards)
    }

    fn new(flag: &str, values: Vec<(Option<String>, T)>) -> Result<Self, Error> {
        for (index, (board, _)) in values.iter().enumerate() {
            if values.iter().take(index).any(|(other, _)| other == board) {
                let whose = board.as_ref().map_or_else(String::new, |board| format!(" for board {board}"));
                return Err(Error::usage(format!("--{flag} is given twice{whose}"))
                    .hint("give one for all boards, or BOARD=… for each"));
            }
        }
        Ok(Self { values })
    }
}

/// Refuses boards that are not there.
///
/// # Errors
/// With the first that is not.
pub(crate) fn check_boards<'a>(
    flag: &str,
    named: impl IntoIterator<Item = &'a str>,
    boards: &[&str],
) -> Result<(), Error> {
    for board in named {
        if !boards.contains(&board) {
            let error = Error::usage(format!("--{flag} {board}=…: there is no image of board {board}"));
            return Err(match nearest(board, boards.iter().copied()) {
                Some(near) => error.hint(did_you_mean(near)),
                None if boards.is_empty() => {
                    error.hint("name the boards of the images: --firmware BOARD=FILE")
                }
                None => error.hint(format!("the boards are {}", boards.join(", "))),
            });
        }
    }
    Ok(())
}

/// Files of boards, such as partition tables.
///
/// # Errors
/// As [`items`], and when there are two for one board.
pub(crate) fn files(
    flag: &str,
    specs: &[String],
    cx: &Context,
    report: &mut Report,
) -> Result<PerBoard<PathBuf>, Error> {
    let items = items(flag, specs, cx, report)?;
    PerBoard::new(flag, items.into_iter().map(|item| (item.board, item.path)).collect())
}

/// Chips of boards, as their vendor writes them.
///
/// # Errors
/// When a chip is unknown, and when there are two for one board.
pub(crate) fn chips(specs: &[String]) -> Result<PerBoard<&'static str>, Error> {
    let read = |spec: &String| {
        let (board, name) = split(spec, |_| false);
        Ok((board.map(str::to_owned), chip_named(name)?))
    };
    PerBoard::new("chip", specs.iter().map(read).collect::<Result<_, Error>>()?)
}

/// The vendor's name of a chip that is written in any of the usual ways: `esp32c3`, `ESP32-C3`.
///
/// # Errors
/// When there is no such chip.
pub(crate) fn chip_named(text: &str) -> Result<&'static str, Error> {
    let text = text.trim();
    if let Some(name) = ChipId::from_name(text).and_then(ChipId::name) {
        return Ok(name);
    }
    if text.eq_ignore_ascii_case("esp8266") {
        return Ok("ESP8266");
    }
    // The largest number given so far is 32.
    let names: Vec<String> = (0..64)
        .filter_map(|id| ChipId(id).name())
        .chain(["ESP8266"])
        .map(|name| name.replace('-', "").to_ascii_lowercase())
        .collect();
    let error = Error::usage(format!("--chip {text}: there is no such chip"));
    Err(match nearest(&text.to_ascii_lowercase(), names.iter().map(String::as_str)) {
        Some(near) => error.hint(did_you_mean(near)),
        None => error.hint(format!("the chips are {}", names.join(", "))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_split_unless_it_is_a_file() {
        let none = |_: &str| false;
        assert_eq!(split("s3=build/app.bin", none), (Some("s3"), "build/app.bin"));
        assert_eq!(split("build/app.bin", none), (None, "build/app.bin"));
        assert_eq!(split("nrf52840dk/nrf52840=app.bin", none), (Some("nrf52840dk/nrf52840"), "app.bin"));
        assert_eq!(split("a=b.bin", |path| path == "a=b.bin"), (None, "a=b.bin"));
    }

    #[test]
    fn chips_read_in_any_spelling() {
        for text in ["esp32c3", "ESP32-C3", "esp32_c3"] {
            assert_eq!(chip_named(text).unwrap(), "ESP32-C3");
        }
        assert_eq!(chip_named("esp8266").unwrap(), "ESP8266");
        assert!(chip_named("esp32x9").unwrap_err().advice().is_some());
    }

    #[test]
    fn a_boards_own_value_comes_before_the_one_for_all() {
        let chips = chips(&["esp32".into(), "s3=esp32s3".into()]).unwrap();
        assert_eq!(chips.of(Some("s3")), Some(&"ESP32-S3"));
        assert_eq!(chips.of(Some("c3")), Some(&"ESP32"));
        assert_eq!(chips.of(None), Some(&"ESP32"));
        assert!(chips.used_by("chip", &["s2"]).is_err());
        assert!(super::chips(&["esp32".into(), "esp32s2".into()]).is_err());
    }
}
