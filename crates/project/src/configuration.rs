//! `lw.toml`: the limits a project begins with.

use std::fmt::Write as _;

use lw_model::{Percent, grouped};

use crate::survey::Project;

/// What was measured of what is built already, of all firmwares the largest.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Bytes of the image (`image.bytes` of size-gate).
    pub image: Option<u64>,
    /// Bytes of static RAM (`ram.span` of size-gate).
    pub ram: Option<u64>,
    /// Covered lines, and all (`coverage.line.covered` of coverage-gate).
    pub lines: Option<(u64, u64)>,
}

/// Of a limit that is made of today's figure, the part above it: a tenth.
const HEADROOM: u64 = 10;

/// Today's figure and a tenth more, up to the next KiB.
fn with_headroom(bytes: u64) -> u64 {
    bytes.saturating_add(bytes / HEADROOM).div_ceil(1024).saturating_mul(1024)
}

/// Where editors find the schema of `lw.toml`: at the tag of the releases that the actions of the workflow are of.
pub const SCHEMA: &str = "https://raw.githubusercontent.com/org/lw-actions/v1/schemas/lw.toml.json";

/// The text of `lw.toml` for a project. Where nothing is built yet its limits are comments, with how to get them.
#[must_use]
pub fn configuration(project: &Project, figures: &Figures) -> String {
    // The first line is the directive by which Taplo, and so most editors, finds a schema
    // (https://taplo.tamasfe.dev/configuration/directives.html).
    let mut text = format!(
        "#:schema {SCHEMA}\n\
         # What holds for every run of lw-actions here, in CI and on a laptop. Written by `lw init`; it is yours now.\n\
         # A flag, or an input of an action, wins over what stands here. `lw measures` lists what can be limited.\n",
    );
    if project.firmware().next().is_some() {
        size(project, figures, &mut text);
    }
    if project.parts.iter().any(|part| part.has_tests || !part.coverage.is_empty()) {
        coverage(project, figures, &mut text);
    }
    if project.parts.iter().any(|part| part.has_tests) {
        text.push_str("\n[test-report]\n# A run that tests nothing is no run that passed.\nmin-tests = 1\n");
    }
    if project.has_dependencies {
        text.push_str("\n[sbom]\n# Lock files of every folder.\nrecursive = true\n");
    }
    if project.parts.is_empty() {
        text.push_str(
            "\n# Nothing was found here that is built. With `[size-gate]`, `[coverage-gate]` and so on, a tool has a section\n\
             # of its flags: `lw help TOOL`. `lw init` again, once there is something, says what it would add.\n",
        );
    }
    text
}

fn size(project: &Project, figures: &Figures, text: &mut String) {
    text.push_str("\n[size-gate]\n");
    let mut keys: Vec<(&str, Vec<String>)> = Vec::new();
    for (key, path) in project.firmware().flat_map(super::Part::size_inputs) {
        match keys.iter_mut().find(|(known, _)| *known == key) {
            Some((_, paths)) => paths.push(path),
            None => keys.push((key, vec![path])),
        }
    }
    let several = project.firmware().count() > 1;
    if several {
        text.push_str(
            "# Several firmwares: each job of the workflow names its own files. Of all of them here:\n",
        );
    }
    for (key, paths) in keys {
        let paths: Vec<String> = paths.iter().map(|path| format!("\"{path}\"")).collect();
        let value = if several { format!("[{}]", paths.join(", ")) } else { paths.concat() };
        let _ = writeln!(text, "{}{key} = {value}", if several { "# " } else { "" });
    }
    let limits = [("image.bytes", figures.image, "\"1MiB\""), ("ram.span", figures.ram, "150_000")];
    let any = limits.iter().any(|(_, today, _)| today.is_some());
    if any {
        text.push_str("\n[size-gate.max]\n");
    } else {
        text.push_str(
            "\n# Nothing is built yet. Build it, and `lw size-gate` prints today's figures; then give them some room:\n# [size-gate.max]\n",
        );
    }
    for (name, today, example) in limits {
        let _ = match today {
            Some(bytes) => writeln!(
                text,
                "# Today {} bytes, and a tenth more.\n\"{name}\" = {}",
                grouped(bytes.into()),
                with_headroom(bytes)
            ),
            None => writeln!(text, "# \"{name}\" = {example}"),
        };
    }
}

fn coverage(project: &Project, figures: &Figures, text: &mut String) {
    text.push_str("\n[coverage-gate]\n");
    let reports: Vec<String> =
        project.parts.iter().flat_map(|part| &part.coverage).map(|path| format!("\"{path}\"")).collect();
    if reports.is_empty() {
        text.push_str("# coverage = \"coverage.xml\"\n");
    } else {
        let _ = writeln!(text, "coverage = [{}]", reports.join(", "));
    }
    let today = figures.lines.and_then(|(covered, total)| {
        Some((Percent::of(i64::try_from(covered).ok()?, i64::try_from(total).ok()?)?, covered * 100 / total))
    });
    match today {
        Some((share, floor)) => {
            let _ = writeln!(text, "# Today {share}: it may not fall below that.\nmin-line = \"{floor}%\"");
        }
        None => text.push_str(
            "# There is no report yet. Once there is one, `lw coverage-gate` prints today's coverage, which may not fall:\n# min-line = \"80%\"\n",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headroom_is_a_tenth_up_to_the_next_kib() {
        assert_eq!(with_headroom(109_456), 118 * 1024);
        assert_eq!(with_headroom(0), 0);
        assert_eq!(with_headroom(10_240), 11 * 1024);
        assert_eq!(with_headroom(u64::MAX), u64::MAX, "no limit at all");
    }
}
