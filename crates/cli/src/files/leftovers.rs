//! What a run that was killed left after.

use std::path::Path;
use std::time::{Duration, SystemTime};

/// Beginning of the names of unfinished files and folders.
pub(super) const PREFIX: &str = ".lw-";
/// End of their names.
pub(super) const SUFFIX: &str = ".tmp";
/// Random characters between the two.
pub(super) const RANDOM: usize = 6;

/// No run takes this long: what is older belongs to none.
const OLD: Duration = Duration::from_secs(24 * 60 * 60);

/// Removes unfinished files and folders of long ago. What cannot be removed stays: it is in nobody's way.
///
/// `now` is the time by the clock of the file system, as a file just made there tells it.
pub(super) fn clear(folder: &Path, now: SystemTime) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| is_ours(&entry.file_name().to_string_lossy())) {
        let Ok(metadata) = entry.metadata() else { continue };
        let is_old =
            metadata.modified().is_ok_and(|time| now.duration_since(time).is_ok_and(|passed| passed > OLD));
        if is_old && metadata.is_dir() {
            let _ = std::fs::remove_dir_all(entry.path());
        } else if is_old && metadata.is_file() {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn is_ours(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    random.is_some_and(|random| {
        random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_leftovers_of_ours_are_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let now = folder.path().metadata().unwrap().modified().unwrap();
        let old = now - Duration::from_secs(25 * 60 * 60);
        for (name, is_old) in [
            (".lw-abc123.tmp", true),
            (".lw-abc124.tmp", false),
            (".lw-config.toml", true),
            (".lw-a.tmp", true),
            ("lw-abc123.tmp", true),
        ] {
            let file = std::fs::File::create(folder.path().join(name)).unwrap();
            if is_old {
                file.set_modified(old).unwrap();
            }
        }
        std::fs::create_dir_all(folder.path().join(".lw-folder.tmp/x")).unwrap();
        std::fs::File::open(folder.path().join(".lw-folder.tmp")).unwrap().set_modified(old).unwrap();
        clear(folder.path(), now);
        let mut left: Vec<String> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        lw_model::lists::sort(&mut left);
        assert_eq!(left, [".lw-a.tmp", ".lw-abc124.tmp", ".lw-config.toml", "lw-abc123.tmp"]);
    }
}
