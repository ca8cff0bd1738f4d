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
