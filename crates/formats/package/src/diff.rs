//! What changed between two packages.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::manifest::{Delta, Image, Manifest};
use crate::version;

/// A value before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<T> {
    /// In the first package.
    pub before: T,
    /// In the second package.
    pub after: T,
}

/// What changed between two packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diff {
    /// The version of the release.
    pub version: Change<String>,
    /// The sequence number.
    pub sequence: Change<Option<u64>>,
    /// The smallest version that may be running.
    pub minimum_version: Change<Option<String>>,
    /// The smallest secure version a device may hold after it.
    pub minimum_secure_version: Change<Option<u32>>,
    /// Whether the release notes differ.
    pub release_notes_changed: bool,
    /// Every board of either package, sorted.
    pub boards: Vec<Board>,
}

/// What changed for one board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    /// Its name.
    pub board: String,
    /// What became of its image.
    pub image: ImageChange,
    /// Patches only the second package has.
    pub deltas_added: Vec<Delta>,
    /// Patches only the first package has.
    pub deltas_removed: Vec<Delta>,
}

/// What became of the image of a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageChange {
    /// Only the second package has one.
    Added(Image),
    /// Only the first package has one.
    Removed(Image),
    /// The bytes or what the manifest says of them changed.
    Changed(Box<Change<Image>>),
    /// The same bytes, and the manifest says the same of them.
    Same(Image),
}

impl<T: PartialEq> Change<T> {
    /// Whether there is a difference.
    pub fn is_change(&self) -> bool {
        self.before != self.after
    }
}

impl Change<String> {
    /// Whether the second version is later; `None` when that cannot be said.
    #[must_use]
    pub fn order(&self) -> Option<Ordering> {
        version::compare(&self.after, &self.before)
    }
}

impl Diff {
    /// Compares two packages by their manifests, whose digests stand for the images.
    #[must_use]
    pub fn between(before: &Manifest, after: &Manifest) -> Self {
        let mut boards: BTreeMap<&str, (Option<&Image>, Option<&Image>)> = BTreeMap::new();
        for image in &before.images {
            boards.entry(&image.board).or_default().0 = Some(image);
        }
        for image in &after.images {
            boards.entry(&image.board).or_default().1 = Some(image);
        }
        Self {
            version: Change { before: before.version.clone(), after: after.version.clone() },
            sequence: Change { before: before.sequence, after: after.sequence },
            minimum_version: Change {
                before: before.minimum_version.clone(),
                after: after.minimum_version.clone(),
            },
            minimum_secure_version: Change {
                before: before.minimum_secure_version,
                after: after.minimum_secure_version,
            },
            release_notes_changed: before.release_notes != after.release_notes,
            boards: boards
                .into_iter()
                .filter_map(|(board, (before, after))| Board::between(board, before, after))
                .collect(),
        }
    }

    /// Whether anything changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !(self.version.is_change()
            || self.sequence.is_change()
            || self.minimum_version.is_change()
            || self.minimum_secure_version.is_change()
            || self.release_notes_changed
            || self.boards.iter().any(Board::is_change))
    }
}

impl Board {
    fn between(board: &str, before: Option<&Image>, after: Option<&Image>) -> Option<Self> {
        let image = match (before, after) {
            (None, None) => return None,
            (None, Some(after)) => ImageChange::Added(after.clone()),
            (Some(before), None) => ImageChange::Removed(before.clone()),
            (Some(before), Some(after)) if alike(before, after) => ImageChange::Same(after.clone()),
            (Some(before), Some(after)) => {
                ImageChange::Changed(Box::new(Change { before: before.clone(), after: after.clone() }))
            }
        };
        let deltas = |image: Option<&Image>| image.map(|image| image.deltas.clone()).unwrap_or_default();
        let (before, after) = (deltas(before), deltas(after));
        let only = |deltas: &[Delta], others: &[Delta]| {
            deltas.iter().filter(|delta| !others.contains(delta)).cloned().collect()
        };
        Some(Self {
            board: board.to_owned(),
            image,
            deltas_added: only(&after, &before),
            deltas_removed: only(&before, &after),
        })
    }

    /// Whether anything changed for this board.
    #[must_use]
    pub fn is_change(&self) -> bool {
        !matches!(self.image, ImageChange::Same(_))
            || !self.deltas_added.is_empty()
            || !self.deltas_removed.is_empty()
    }

    /// The size of the image as flashed, before and after, where there is one.
    #[must_use]
    pub fn size(&self) -> Change<Option<u64>> {
        self.field(|image| Some(image.size))
    }

    /// The size of the image as stored.
    #[must_use]
    pub fn stored_size(&self) -> Change<Option<u64>> {
        self.field(|image| Some(image.stored_size()))
    }

    /// The version inside the image.
    #[must_use]
    pub fn version(&self) -> Change<Option<String>> {
        self.field(|image| image.version.clone())
    }

    /// The secure version inside the image. A device may refuse one that decreases.
    #[must_use]
    pub fn secure_version(&self) -> Change<Option<u32>> {
        self.field(|image| image.secure_version)
    }

    fn field<T>(&self, get: impl Fn(&Image) -> Option<T>) -> Change<Option<T>> {
        match &self.image {
            ImageChange::Added(after) => Change { before: None, after: get(after) },
            ImageChange::Removed(before) => Change { before: get(before), after: None },
            ImageChange::Changed(change) => Change { before: get(&change.before), after: get(&change.after) },
            ImageChange::Same(image) => Change { before: get(image), after: get(image) },
        }
    }
}

/// Whether two images are the same but for their patches.
fn alike(before: &Image, after: &Image) -> bool {
    let without = |image: &Image| Image { deltas: Vec::new(), ..image.clone() };
    without(before) == without(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Sha256;
    use crate::manifest::{Base, DeltaFormat, ImageKind};

    fn image(board: &str, content: &[u8], version: &str) -> Image {
        let mut image = Image::new(board, ImageKind::EspApp);
        image.size = content.len() as u64;
        image.sha256 = Sha256::of(content);
        image.version = Some(version.into());
        image
    }

    fn manifest(version: &str, images: Vec<Image>) -> Manifest {
        Manifest { images, ..Manifest::new(version) }
    }

    #[test]
    fn a_package_is_no_different_from_itself() {
        let manifest = manifest("1.0.0", vec![image("a", b"old", "1.0.0")]);
        let diff = Diff::between(&manifest, &manifest);
        assert!(diff.is_empty());
        assert_eq!(diff.version.order(), Some(Ordering::Equal));
        assert!(matches!(diff.boards[0].image, ImageChange::Same(_)));
        assert_eq!(diff.boards[0].size(), Change { before: Some(3), after: Some(3) });
    }

    #[test]
    fn boards_come_go_and_change() {
        let before = manifest("1.9.0", vec![image("a", b"old", "1.9.0"), image("gone", b"x", "1.9.0")]);
        let mut changed = image("a", b"newer", "1.10.0");
        changed.secure_version = Some(2);
        let after = manifest("1.10.0", vec![changed, image("new", b"xy", "1.10.0")]);
        let diff = Diff::between(&before, &after);
        assert_eq!(diff.version.order(), Some(Ordering::Greater));
        let names: Vec<_> = diff.boards.iter().map(|board| board.board.as_str()).collect();
        assert_eq!(names, ["a", "gone", "new"]);
        let [a, gone, new] = diff.boards.as_slice() else { panic!("three boards") };
        assert!(matches!(a.image, ImageChange::Changed(_)));
        assert_eq!(a.size(), Change { before: Some(3), after: Some(5) });
        assert_eq!(a.secure_version(), Change { before: None, after: Some(2) });
        assert_eq!(a.version(), Change { before: Some("1.9.0".into()), after: Some("1.10.0".into()) });
        assert!(matches!(gone.image, ImageChange::Removed(_)));
        assert_eq!(gone.size(), Change { before: Some(1), after: None });
        assert!(matches!(new.image, ImageChange::Added(_)));
        assert_eq!(new.stored_size(), Change { before: None, after: Some(2) });
        assert!(diff.boards.iter().all(Board::is_change));
    }

    #[test]
    fn a_patch_more_is_a_change_of_the_board_and_not_of_its_image() {
        let before = manifest("1", vec![image("a", b"new", "1")]);
        let mut after = before.clone();
        let base = Base { sha256: Sha256::of(b"old"), size: 3, version: None };
        after.images[0].deltas.push(Delta::new("a", DeltaFormat::Bsdiff40, base));
        let there = Diff::between(&before, &after);
        assert!(matches!(there.boards[0].image, ImageChange::Same(_)));
        assert_eq!((there.boards[0].deltas_added.len(), there.boards[0].deltas_removed.len()), (1, 0));
        assert!(!there.is_empty());
        let back = Diff::between(&after, &before);
        assert_eq!((back.boards[0].deltas_added.len(), back.boards[0].deltas_removed.len()), (0, 1));
    }

    #[test]
    fn what_a_release_asks_for_counts() {
        let before = manifest("1", vec![image("a", b"x", "1")]);
        for change in [
            |manifest: &mut Manifest| manifest.sequence = Some(1),
            |manifest: &mut Manifest| manifest.minimum_version = Some("1".into()),
            |manifest: &mut Manifest| manifest.minimum_secure_version = Some(1),
            |manifest: &mut Manifest| manifest.release_notes = Some("notes".into()),
            |manifest: &mut Manifest| manifest.version = "2".into(),
            |manifest: &mut Manifest| manifest.images[0].project = Some("p".into()),
        ] {
            let mut after = before.clone();
            change(&mut after);
            assert!(!Diff::between(&before, &after).is_empty(), "{after:?}");
        }
    }
}
