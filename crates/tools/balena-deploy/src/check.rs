//! What of a source would be sent, held to limits.

use lw_balena_build::Kind;
use lw_cli::{Context, Error};
use lw_model::lists::sort_by;
use lw_model::{Align, Bound, Cell, Finding, Level, Location, Measure, Reason, Report, Table, Unit};

use crate::args::{Check, Limits};
use crate::source::Source;

/// How many of the largest files are listed.
const LISTED: usize = 10;

/// Endings of files that hold keys more often than not.
const KEY_ENDINGS: [&str; 5] = [".pem", ".key", ".p12", ".pfx", ".kdbx"];

/// Names of files that hold credentials by convention.
const KEY_NAMES: [&str; 8] =
    [".env", ".netrc", ".npmrc", ".pypirc", "id_rsa", "id_ecdsa", "id_ed25519", "credentials.json"];

/// Looks at a source as `deploy` would, and sends nothing.
pub(crate) fn check(args: &Check, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let shown = cx.display_path(&args.contents.source);
    let (total, files) = {
        let Source::Folder(_, entries) = Source::find(&args.contents, cx, report)? else {
            return Err(Error::usage(format!("{shown}: it is no folder"))
                .hint("name a folder with --source; of a tarball everything is sent"));
        };
        let mut largest: Vec<(u64, String)> = Vec::with_capacity(entries.len());
        for entry in &entries {
            if let Kind::File { size, .. } = &entry.kind {
                largest.push((*size, entry.path.clone()));
            }
            if is_key(&entry.path) {
                let path = format!("{shown}/{}", entry.path);
                let message = format!("{path} would be sent, and its name is one of a key or of credentials");
                let finding = Finding::new("balena-deploy/key-file", Level::Warning, &path, message);
                report.add_finding(finding.at(Some(Location::file(&path))));
            }
        }
        let total = largest.iter().fold(0_u64, |sum, (size, _)| sum.saturating_add(*size));
        sort_by(&mut largest, |a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let mut table =
            Table::new("largest", "Largest files", &[("File", Align::Left), ("Bytes", Align::Right)]);
        for (size, path) in largest.iter().take(LISTED) {
            let size = i64::try_from(*size).unwrap_or(i64::MAX);
            table.rows.push(vec![Cell::Code(path.clone()), Cell::Bytes(size)]);
        }
        if let Some(more) = largest.len().checked_sub(LISTED).filter(|more| *more > 0) {
            table.note = Some(format!("and {more} more"));
        }
        report.tables.push(table);
        (total, entries.len())
    };
    report.measures.push(Measure::bytes("source.bytes", total).label("source"));
    report.measures.push(Measure::count("source.files", files as u64).label("files of the source"));
    attach(&args.limits, cx, report)?;
    cx.figure(format!("{files} files would be sent, {}", lw_model::ByteSize(total)));
    cx.judge(report, None);
    Ok(())
}

/// Attaches every limit to the measure it names. One that names none fails: a limit that is never judged is no limit.
pub(crate) fn attach(limits: &Limits, cx: &Context, report: &mut Report) -> Result<(), Error> {
    let unit = |name: &str| if name.ends_with(".bytes") { Unit::Bytes } else { Unit::Count };
    for set in cx.limits_of(Bound::Max, &unit, "max", &limits.max)? {
        if !set.attach_by_name(set.name(), report)? {
            set.record_unmatched(Reason::NothingMatched, report);
        }
    }
    Ok(())
}

fn is_key(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    KEY_NAMES.contains(&name.as_str())
        || KEY_ENDINGS.iter().any(|end| name.ends_with(end) && !name.ends_with(".pub.pem"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_by_their_names() {
        for path in ["a/id_rsa", ".env", "certs/Server.PEM", "x.p12"] {
            assert!(is_key(path), "{path}");
        }
        for path in ["id_rsa.pub", ".env.example", "keys/app.pub.pem", "keyboard.c", "monkey"] {
            assert!(!is_key(path), "{path}");
        }
    }
}
