//! `diff`: what changed between two packages.

use std::path::Path;

use lw_cli::{Context, Error};
use lw_model::{ByteSize, Fact, Measure, Number, Report};

use crate::args::Diff;
use crate::kept::Protection;
use crate::trust::Trust;
use crate::{changes, read};

/// Compares two packages.
///
/// # Errors
/// When one cannot be read or is broken.
pub(crate) fn run(args: &Diff, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let (Some(from), Some(to)) = (&args.from, &args.to) else {
        return Err(Error::usage("two packages are needed").hint("ota-package diff OLD NEW"));
    };
    let mut trust = Trust::read(&args.trust, cx, report)?;
    let old = read::open(Path::new(from), cx)?;
    let new = read::open(to, cx)?;
    for package in [&old, &new] {
        trust.package(package, Some(&package.name), report);
    }
    trust.publish(cx);
    for (name, package) in [("before", &old), ("now", &new)] {
        let value =
            format!("{} ({} package, {})", package.name, package.format.as_str(), ByteSize(package.size));
        report.facts.push(Fact { name: name.into(), subject: None, value });
    }
    let mut size = Measure::bytes("ota.package.bytes", new.size);
    size.baseline = Some(Number::from(old.size));
    report.measures.push(size);
    let protection = [&old, &new].map(Protection::of_package);
    let (old, _) = old.sound()?;
    let (new, _) = new.sound()?;
    for image in &new.images {
        let mut size = Measure::bytes("ota.image.bytes", image.size);
        size.baseline = old.image(&image.board).map(|image| Number::from(image.size));
        size.subject = (new.images.len() > 1).then(|| image.board.clone());
        report.measures.push(size);
    }
    changes::check_identity(&old, &new, report);
    let [before, now] = protection;
    for (board, now) in now {
        if let Some(before) = before.get(&board) {
            before.check_kept(now, &board, report);
        }
    }
    let tables = changes::tables(&old, &new, "what changed");
    cx.figure(if tables.is_empty() {
        format!("both packages are {} and hold the same", new.version)
    } else {
        let changes: usize = tables.iter().map(|table| table.rows.len()).sum();
        let changes = if changes == 1 { "1 change".to_owned() } else { format!("{changes} changes") };
        format!("{changes} from {} to {}", old.version, new.version)
    });
    report.tables.extend(tables);
    cx.judge(report, None);
    crate::publish_manifest(&new, cx);
    Ok(())
}
