//! What changed from one package to another.

use lw_model::{Align, Cell, Finding, Level, Report, Table};
use lw_package::diff::{Board, Diff, ImageChange};
use lw_package::{Delta, Image, Manifest, Sha256};

use crate::scan::revision;

/// Boards a package no longer has: their devices get no update.
pub(crate) fn missing_boards(old: &Manifest, new: &Manifest, report: &mut Report) {
    for image in old.images.iter().filter(|image| new.image(&image.board).is_none()) {
        let board = &image.board;
        report.add_finding(
            Finding::new(
                "ota-package/board-missing",
                Level::Warning,
                board,
                format!("board {board} is in the previous package and not in this one"),
            )
            .help("its devices get no update; was its image left out?"),
        );
    }
}

/// A board does not change what it is from one release to the next: its devices would refuse the update, or take it and
/// not start.
pub(crate) fn check_identity(old: &Manifest, new: &Manifest, report: &mut Report) {
    for (before, now) in old.images.iter().filter_map(|image| Some((image, new.image(&image.board)?))) {
        let board = &now.board;
        let mut find = |rule: &str, level, message: String, help: &'static str| {
            report.add_finding(Finding::new(format!("ota-package/{rule}"), level, board, message).help(help));
        };
        let chips = [before, now].map(|image| image.chip.as_ref().map(|chip| chip.name.as_str()));
        if let [Some(old), new] = chips
            && new != Some(old)
        {
            let new = new.unwrap_or("none that it names");
            find(
                "wrong-chip",
                Level::Error,
                format!("board {board} had images for {old}, this one is for {new}"),
                "its devices refuse it; is the build matrix mixed up? A new chip is a new board: give it a name of its own",
            );
        }
        if before.kind != now.kind {
            find(
                "kind-change",
                Level::Error,
                format!(
                    "board {board} had images of the kind {}, this one is {}",
                    before.kind.as_str(),
                    now.kind.as_str()
                ),
                "its devices expect the kind they run; is it the right file of the build?",
            );
        }
        let gone: Vec<&str> = before
            .families
            .iter()
            .filter(|family| !now.families.contains(family))
            .map(String::as_str)
            .collect();
        if before.kind == now.kind && !gone.is_empty() {
            let now = if now.families.is_empty() { "none".to_owned() } else { now.families.join(", ") };
            find(
                "wrong-family",
                Level::Error,
                format!(
                    "board {board} had blocks of the UF2 family {}, now they are of {now}",
                    gone.join(", ")
                ),
                "its boot loader passes over blocks of another family; is the build matrix mixed up?",
            );
        }
        for (name, old, new) in
            [("vendor id", &before.vendor_id, &now.vendor_id), ("class id", &before.class_id, &now.class_id)]
        {
            if let Some(old) = old
                && new.as_ref() != Some(old)
            {
                let new = new.as_deref().unwrap_or("none");
                find(
                    "wrong-class",
                    Level::Error,
                    format!("board {board} had images of the {name} {old}, this one has {new}"),
                    "a bootloader that checks it refuses the image (imgtool --vid, --cid)",
                );
            }
        }
        if let (Some(old), Some(new)) = (&before.project, &now.project)
            && old != new
        {
            find(
                "project-change",
                Level::Warning,
                format!("board {board} had images of the project {old}, this one is of {new}"),
                "devices accept it, and run another program then: are two boards mixed up?",
            );
        }
        if let Some(text) = narrower(before, now) {
            find(
                "revisions-narrower",
                Level::Warning,
                format!("board {board}: {text}"),
                "devices with another chip revision refuse the update and stay where they are; is that meant?",
            );
        }
    }
}

/// How an image runs on fewer chip revisions than the one before.
fn narrower(before: &Image, now: &Image) -> Option<String> {
    let (old, new) = (before.revisions?, now.revisions?);
    let highest = |max: Option<u16>| max.unwrap_or(u16::MAX);
    let text = if new.min > old.min {
        format!("the lowest chip revision goes up from {} to {}", revision(old.min), revision(new.min))
    } else if highest(new.max) < highest(old.max) {
        let old = old.max.map_or_else(|| "none".to_owned(), revision);
        format!("the highest chip revision goes down from {old} to {}", revision(highest(new.max)))
    } else {
        return None;
    };
    Some(text)
}

/// The tables of changes: the release as a whole, then each image.
pub(crate) fn tables(old: &Manifest, new: &Manifest, since: &str) -> Vec<Table> {
    let diff = Diff::between(old, new);
    [release(&diff, old, new, since), images(&diff, since)].into_iter().flatten().collect()
}

fn release(diff: &Diff, old: &Manifest, new: &Manifest, since: &str) -> Option<Table> {
    let mut table = Table::new(
        "changes-release",
        format!("Release, {since}"),
        &[("", Align::Left), ("Before", Align::Left), ("Now", Align::Left)],
    );
    let mut row = |name: &str, before: Option<String>, now: Option<String>| {
        if before != now {
            table.rows.push(vec![Cell::Text(name.into()), code(before), code(now)]);
        }
    };
    let number = |value: Option<u64>| value.map(|value| value.to_string());
    row("version", Some(diff.version.before.clone()), Some(diff.version.after.clone()));
    row("sequence", number(diff.sequence.before), number(diff.sequence.after));
    row("minimum version", diff.minimum_version.before.clone(), diff.minimum_version.after.clone());
    let minimum = diff.minimum_secure_version;
    row(
        "minimum secure version",
        number(minimum.before.map(u64::from)),
        number(minimum.after.map(u64::from)),
    );
    row("release notes", old.release_notes.clone(), new.release_notes.clone());
    (!table.rows.is_empty()).then_some(table)
}

fn images(diff: &Diff, since: &str) -> Option<Table> {
    let mut table = Table::new(
        "changes-images",
        format!("Images, {since}"),
        &[
            ("Board", Align::Left),
            ("What", Align::Left),
            ("Before", Align::Left),
            ("Now", Align::Left),
            ("Growth", Align::Right),
        ],
    );
    for Board { board, image, deltas_added, deltas_removed } in &diff.boards {
        let mut row = |what: &str, before: Option<String>, now: Option<String>, growth: Option<i64>| {
            table.rows.push(vec![
                Cell::Code(board.clone()),
                Cell::Text(what.into()),
                code(before),
                code(now),
                growth.map_or(Cell::Empty, Cell::Delta),
            ]);
        };
        match image {
            ImageChange::Added(image) => row("added", None, Some(called(image)), Some(grown(0, image.size))),
            ImageChange::Removed(image) => {
                row("removed", Some(called(image)), None, Some(grown(image.size, 0)));
            }
            ImageChange::Changed(change) => one(&change.before, &change.after, &mut row),
            ImageChange::Same(_) => {}
        }
        for delta in deltas_removed {
            row("delta", Some(base(delta)), None, None);
        }
        for delta in deltas_added {
            row("delta", None, Some(base(delta)), None);
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

/// What changed of one image.
fn one(before: &Image, now: &Image, row: &mut impl FnMut(&str, Option<String>, Option<String>, Option<i64>)) {
    if before.sha256 != now.sha256 {
        let growth = Some(grown(before.size, now.size));
        row("content", Some(short(&before.sha256)), Some(short(&now.sha256)), growth);
    }
    for ((name, old), (_, new)) in facts(before).into_iter().zip(facts(now)) {
        if old != new {
            row(name, old, new, None);
        }
    }
}

/// What a manifest says of an image.
pub(crate) fn facts(image: &Image) -> [(&'static str, Option<String>); 10] {
    let revisions = image.revisions.map(|range| match range.max {
        Some(max) => format!("{} to {max}", range.min),
        None => format!("{} and later", range.min),
    });
    [
        ("kind", Some(image.kind.as_str().to_owned())),
        ("chip", image.chip.as_ref().map(|chip| chip.name.clone())),
        ("chip revisions", revisions),
        ("families", (!image.families.is_empty()).then(|| image.families.join(", "))),
        ("vendor id", image.vendor_id.clone()),
        ("class id", image.class_id.clone()),
        ("version", image.version.clone()),
        ("project", image.project.clone()),
        ("secure version", image.secure_version.map(|number| number.to_string())),
        ("encoding", image.encoding.map(|encoding| encoding.name.as_str().to_owned())),
    ]
}

/// What an image is told by: its version, or else its digest.
fn called(image: &Image) -> String {
    image.version.clone().unwrap_or_else(|| short(&image.sha256))
}

fn base(delta: &Delta) -> String {
    let from = delta.base.version.clone().unwrap_or_else(|| short(&delta.base.sha256));
    format!("from {from} ({})", delta.format.as_str())
}

fn short(digest: &Sha256) -> String {
    digest.hex().chars().take(16).collect()
}

fn code(value: Option<String>) -> Cell {
    value.map_or_else(|| Cell::Text("none".into()), Cell::Code)
}

fn grown(before: u64, now: u64) -> i64 {
    let signed = |size: u64| i64::try_from(size).unwrap_or(i64::MAX);
    signed(now).saturating_sub(signed(before))
}
