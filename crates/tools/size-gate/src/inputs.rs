//! Which files belong to which firmware.

use std::path::{Path, PathBuf};

use lw_cli::{Context, Error};
use lw_firmware::{Chip, Map, Region};
use lw_model::Report;

use crate::args::Args;

/// The files of one firmware.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inputs {
    /// Name in a run of several; `None` when there is only one.
    pub name: Option<String>,
    /// Linked firmware.
    pub elf: Option<PathBuf>,
    /// Linker map.
    pub map: Option<PathBuf>,
    /// Image as it is flashed.
    pub bin: Option<PathBuf>,
    /// Partition table.
    pub partitions: Option<PathBuf>,
    /// Chip, where the user names it.
    pub chip: Option<Chip>,
    /// Regions to count in where neither user nor map tell any: those of the firmware it is compared with.
    pub regions: Vec<Region>,
}

impl Inputs {
    fn is_empty(&self) -> bool {
        self.elf.is_none() && self.map.is_none() && self.bin.is_none() && self.partitions.is_none()
    }
}

/// The firmwares of a run: those named one by one, or those that the patterns match.
///
/// # Errors
/// When a file is missing (as `--missing` says) or cannot be assigned to a firmware.
pub(crate) fn collect(args: &Args, cx: &Context, report: &mut Report) -> Result<Vec<Inputs>, Error> {
    let mut firmwares = named(args, cx, report)?;
    let mut elves = cx.expand(&args.elf, report)?;
    let mut maps = cx.expand(&args.map, report)?;
    let mut bins = cx.expand(&args.bin, report)?;
    let mut tables = cx.expand(&args.partitions, report)?;
    for path in cx.expand(&args.files, report)? {
        let paths = match kind(&path, &cx.open(&path)?) {
            Kind::Elf => &mut elves,
            Kind::Map => &mut maps,
            Kind::Partitions => &mut tables,
            Kind::Image => &mut bins,
        };
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    firmwares.extend(paired(elves, maps, bins, tables)?);
    for firmware in &mut firmwares {
        firmware.chip = firmware.chip.or(args.chip);
    }
    if let Some(twice) = first_repeated(&firmwares) {
        return Err(Error::usage(format!("two firmwares are named `{twice}`"))
            .hint("name them one by one with --firmware NAME.elf=…, or in [size-gate.firmware.NAME]"));
    }
    Ok(firmwares)
}

/// What a file without a flag is.
enum Kind {
    Elf,
    Map,
    Partitions,
    Image,
}

fn kind(path: &Path, bytes: &[u8]) -> Kind {
    let text = |end: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(end));
    match bytes {
        [0x7F, b'E', b'L', b'F', ..] => Kind::Elf,
        [0xAA, 0x50, ..] => Kind::Partitions,
        _ if text("csv") => Kind::Partitions,
        _ if text("map") || Map::parse(bytes).is_ok() => Kind::Map,
        _ => Kind::Image,
    }
}

/// The ELF files of the base branch's build, each under the name of its firmware.
///
/// # Errors
/// When one is missing, as `--missing` says.
pub(crate) fn baselines(args: &Args, cx: &Context, report: &mut Report) -> Result<Vec<Inputs>, Error> {
    let elves = cx.expand(&args.baseline_elf, report)?;
    let mut firmwares = paired(elves, Vec::new(), Vec::new(), Vec::new())?;
    firmwares.iter_mut().for_each(|firmware| firmware.chip = args.chip);
    Ok(firmwares)
}

fn first_repeated(firmwares: &[Inputs]) -> Option<&str> {
    firmwares.iter().enumerate().find_map(|(index, firmware)| {
        let name = firmware.name.as_deref()?;
        firmwares.iter().take(index).any(|other| other.name.as_deref() == Some(name)).then_some(name)
    })
}

/// Firmwares given as `NAME.KEY=VALUE`.
fn named(args: &Args, cx: &Context, report: &mut Report) -> Result<Vec<Inputs>, Error> {
    let mut firmwares: Vec<Inputs> = Vec::new();
    for spec in &args.firmware {
        let form = || {
            Error::usage(format!("--firmware {spec}: not of the form NAME.KEY=VALUE"))
                .hint("write s3.elf=build/s3/firmware.elf; the keys are elf, map, bin, partitions and chip")
        };
        let (key, value) = spec.split_once('=').ok_or_else(form)?;
        let (name, key) = key.trim().rsplit_once('.').ok_or_else(form)?;
        let index = firmwares
            .iter()
            .position(|firmware| firmware.name.as_deref() == Some(name))
            .unwrap_or_else(|| {
                firmwares.push(Inputs { name: Some(name.into()), ..Inputs::default() });
                firmwares.len() - 1
            });
        let Some(firmware) = firmwares.get_mut(index) else { continue };
        let value = value.trim();
        if key == "chip" {
            firmware.chip =
                Some(value.parse().map_err(|error| Error::usage(format!("--firmware {spec}: {error}")))?);
            continue;
        }
        let slot = match key {
            "elf" => &mut firmware.elf,
            "map" => &mut firmware.map,
            "bin" => &mut firmware.bin,
            "partitions" => &mut firmware.partitions,
            _ => return Err(form()),
        };
        let mut found = cx.expand(std::slice::from_ref(&value.to_owned()), report)?.into_iter();
        *slot = found.next();
        if let Some(second) = found.next() {
            return Err(Error::usage(format!(
                "--firmware {spec}: the pattern matches more than one file, {} among them",
                second.display()
            )));
        }
    }
    firmwares.retain(|firmware| !firmware.is_empty());
    Ok(firmwares)
}

/// Puts files that belong together into one firmware: each ELF (or map, or image, where there is no ELF) is one.
fn paired(
    elves: Vec<PathBuf>,
    maps: Vec<PathBuf>,
    bins: Vec<PathBuf>,
    tables: Vec<PathBuf>,
) -> Result<Vec<Inputs>, Error> {
    type Slot = fn(&mut Inputs) -> &mut Option<PathBuf>;
    let kinds: [(Vec<PathBuf>, Slot); 4] = [
        (elves, |inputs| &mut inputs.elf),
        (maps, |inputs| &mut inputs.map),
        (bins, |inputs| &mut inputs.bin),
        (tables, |inputs| &mut inputs.partitions),
    ];
    let mut firmwares: Vec<Inputs> = Vec::new();
    let mut keys: Vec<PathBuf> = Vec::new();
    for (turn, (paths, slot)) in kinds.into_iter().enumerate() {
        let tables_turn = turn == 3;
        if firmwares.is_empty() {
            for path in paths {
                keys.push(path.clone());
                let mut firmware = Inputs::default();
                *slot(&mut firmware) = Some(path);
                firmwares.push(firmware);
            }
            continue;
        }
        // One partition table is everybody's; any other file is one firmware's own.
        if let [only] = paths.as_slice()
            && (firmwares.len() == 1 || tables_turn)
        {
            firmwares.iter_mut().for_each(|firmware| *slot(firmware) = Some(only.clone()));
            continue;
        }
        for path in &paths {
            let owners = owners(path, &keys);
            let [owner] = owners.as_slice() else {
                return Err(Error::usage(format!("{}: it is not clear which firmware it belongs to", path.display()))
                    .hint("files pair by folder and name; name them one by one with --firmware NAME.elf=…, NAME.bin=…"));
            };
            if let Some(other) =
                firmwares.get_mut(*owner).and_then(|firmware| slot(firmware).replace(path.clone()))
            {
                return Err(Error::usage(format!(
                    "{} and {} belong to the same firmware",
                    other.display(),
                    path.display()
                ))
                .hint("name them one by one with --firmware NAME.elf=…, NAME.bin=…"));
            }
        }
    }
    if firmwares.len() > 1 {
        for (firmware, name) in firmwares.iter_mut().zip(distinguish(&keys)) {
            firmware.name = Some(name);
        }
    }
    Ok(firmwares)
}

/// The firmwares a file can belong to: the one of the same name in the same folder, or the only one there.
fn owners(path: &Path, keys: &[PathBuf]) -> Vec<usize> {
    let beside: Vec<usize> = matching(keys, |key| key.parent() == path.parent());
    let same_name: Vec<usize> = beside
        .iter()
        .copied()
        .filter(|index| keys.get(*index).is_some_and(|key| key.file_stem() == path.file_stem()))
        .collect();
    if !same_name.is_empty() {
        return same_name;
    }
    if !beside.is_empty() {
        return beside;
    }
    // build/s3/partition_table/partition-table.bin belongs to build/s3/app.elf.
    matching(keys, |key| {
        key.parent().is_some_and(|folder| path.starts_with(folder) && !folder.as_os_str().is_empty())
    })
}

fn matching(keys: &[PathBuf], wanted: impl Fn(&Path) -> bool) -> Vec<usize> {
    keys.iter().enumerate().filter(|(_, key)| wanted(key)).map(|(index, _)| index).collect()
}

/// What tells the paths apart: their differing components, without those all share at either end.
fn distinguish(paths: &[PathBuf]) -> Vec<String> {
    let split: Vec<Vec<String>> = paths
        .iter()
        .map(|path| {
            path.with_extension("")
                .components()
                .map(|part| part.as_os_str().to_string_lossy().into_owned())
                .collect()
        })
        .collect();
    let shortest = split.iter().map(Vec::len).min().unwrap_or(0);
    let all_equal = |at: &dyn Fn(&Vec<String>) -> Option<String>| {
        let first = split.first().and_then(at);
        split.iter().all(|parts| at(parts) == first)
    };
    let head = (0..shortest).take_while(|index| all_equal(&|parts| parts.get(*index).cloned())).count();
    let tail = (0..shortest.saturating_sub(head))
        .take_while(|index| {
            all_equal(&|parts| parts.len().checked_sub(index + 1).and_then(|at| parts.get(at).cloned()))
        })
        .count();
    split.iter().map(|parts| parts.get(head..parts.len() - tail).unwrap_or_default().join("/")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(texts: &[&str]) -> Vec<PathBuf> {
        texts.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn one_of_each_is_one_firmware_without_a_name() {
        let one =
            paired(paths(&["a/app.elf"]), paths(&["b/out.map"]), paths(&["c/x.bin"]), paths(&["p.csv"]))
                .unwrap();
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].name, None);
        assert_eq!(one[0].map, Some("b/out.map".into()));
        assert_eq!(one[0].partitions, Some("p.csv".into()));
    }

    #[test]
    fn a_matrix_pairs_by_folder_and_shares_a_single_table() {
        let elves = paths(&["build/s3/debug/fw.elf", "build/c3/debug/fw.elf"]);
        let bins = paths(&["build/c3/debug/fw.bin", "build/s3/debug/fw.bin"]);
        let matrix = paired(elves, vec![], bins, paths(&["partitions.csv"])).unwrap();
        assert_eq!(matrix[0].name.as_deref(), Some("s3"));
        assert_eq!(matrix[0].bin, Some("build/s3/debug/fw.bin".into()));
        assert_eq!(matrix[1].name.as_deref(), Some("c3"));
        assert!(matrix.iter().all(|firmware| firmware.partitions == Some("partitions.csv".into())));
    }

    #[test]
    fn a_matrix_in_one_folder_pairs_by_name() {
        let matrix =
            paired(paths(&["out/a.elf", "out/b.elf"]), paths(&["out/b.map", "out/a.map"]), vec![], vec![])
                .unwrap();
        assert_eq!(matrix[0].name.as_deref(), Some("a"));
        assert_eq!(matrix[0].map, Some("out/a.map".into()));
    }

    #[test]
    fn a_file_of_nobody_is_an_error_not_a_guess() {
        let error =
            paired(paths(&["out/a.elf", "out/b.elf"]), paths(&["out/c.map", "out/d.map"]), vec![], vec![]);
        assert!(
            error.unwrap_err().message().contains("out/c.map: it is not clear which firmware it belongs to")
        );
    }

    #[test]
    fn a_table_in_a_folder_below_belongs_to_the_firmware_above() {
        let matrix = paired(
            paths(&["b/s3/app.elf", "b/c3/app.elf"]),
            vec![],
            vec![],
            paths(&["b/s3/partition_table/partition-table.bin", "b/c3/partition_table/partition-table.bin"]),
        )
        .unwrap();
        assert_eq!(matrix[1].partitions, Some("b/c3/partition_table/partition-table.bin".into()));
    }
}
