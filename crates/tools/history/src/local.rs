//! A history on this machine: a file, a folder of months, or the ref as the clone has it.

use std::path::Path;

use lw_cli::{Context, Error, InputKind, ResultExt};
use lw_model::lists::sort_by;
use lw_trend::{Line, MAX_SHARD, Month, Put, Shard};

/// Adds a line to a file of all months.
///
/// # Errors
/// When it cannot be read or written, or has no room.
pub(crate) fn record_in_file(path: &Path, line: &Line, cx: &Context) -> Result<Put, Error> {
    record(path, None, line, cx)
}

/// Adds a line to the file of its month.
///
/// # Errors
/// When it cannot be read or written, or has no room.
pub(crate) fn record_in_folder(folder: &Path, line: &Line, cx: &Context) -> Result<Put, Error> {
    let month = Month::of(line.time).ok_or_else(|| Error::input("the time of the commit is none"))?;
    cx.files().make_folder(folder)?;
    record(&folder.join(month.file()), Some(month), line, cx)
}

fn record(path: &Path, month: Option<Month>, line: &Line, cx: &Context) -> Result<Put, Error> {
    let shown = path.display().to_string();
    let mut shard = match cx.resolve(path).exists() {
        true => Shard::read(&cx.open(path)?, month).context(shown.clone())?,
        false => Shard::default(),
    };
    let put = shard.put(line).context(shown)?;
    if put != Put::Unchanged {
        cx.files().allow_replacing(path);
        cx.write(path, |out| out.write_all(&shard.to_bytes()))?;
    }
    Ok(put)
}

/// The file of a history, as it is read, with its name for people and its month where it is of one.
pub(crate) type Found = (String, Option<Month>, Vec<u8>);

/// Reads a file of all months.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn file(path: &Path, cx: &Context) -> Result<Vec<Found>, Error> {
    Ok(vec![(cx.display_path(path), None, cx.open(path)?.to_vec())])
}

/// Reads a folder of months, the newest first.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn folder(path: &Path, cx: &Context) -> Result<Vec<Found>, Error> {
    let folder = cx.folder(path)?;
    let wrong = |error: std::io::Error| cx.unreadable(path, &error);
    let mut months: Vec<Month> = folder
        .list("")
        .map_err(wrong)?
        .into_iter()
        .filter(|entry| entry.kind == InputKind::File)
        .filter_map(|entry| Month::of_file(&entry.name))
        .collect();
    sort_by(&mut months, |a, b| b.cmp(a));
    let mut found = Vec::new();
    for month in months {
        let name = cx.display_path(&path.join(month.file()));
        if let Some(bytes) = folder
            .read(&month.file(), MAX_SHARD as u64)
            .map_err(|error| Error::input(format!("{name}: {error}")))?
        {
            found.push((name, Some(month), bytes));
        }
    }
    Ok(found)
}

/// Reads the ref as this clone has it, the newest month first.
///
/// # Errors
/// When the clone has not fetched it.
pub(crate) fn clone(reference: &str, cx: &Context) -> Result<Vec<Found>, Error> {
    let repository = lw_history::Repository::open(cx.root())?;
    let missing = |error: lw_history::HistoryError| {
        Error::input(format!("{reference}: {error}"))
            .hint(format!("fetch it first: git fetch origin +{reference}:{reference}"))
    };
    let commit = repository.resolve(reference).map_err(missing)?;
    let mut months: Vec<Month> =
        repository.files(&commit)?.iter().filter_map(|path| Month::of_file(path)).collect();
    sort_by(&mut months, |a, b| b.cmp(a));
    let mut found = Vec::new();
    for month in months {
        if let Some(bytes) = repository.read_file(&commit, &month.file())? {
            found.push((format!("{reference}:{}", month.file()), Some(month), bytes));
        }
    }
    Ok(found)
}
