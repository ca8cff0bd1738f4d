//! `badge`: the newest figure in a few pixels.

use lw_cli::{Context, Error};
use lw_model::{Fact, Report};
use lw_render::badge::{self, Colour};
use lw_trend::Standing;

use crate::args::Badge;
use crate::look::Looked;

/// Makes it.
///
/// # Errors
/// When the history cannot be read, more than one figure is meant, or a file cannot be written.
pub(crate) fn run(args: &Badge, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    if args.out.output.is_empty() {
        return Err(Error::usage("there is no file to write").hint("give --output badge.svg, or badge.json"));
    }
    for path in &args.out.output {
        if !matches!(path.extension().and_then(|extension| extension.to_str()), Some("svg" | "json")) {
            return Err(Error::usage(format!("{}: what it is to hold is not known", path.display()))
                .hint("name it .svg, or .json for shields.io"));
        }
    }
    let Some(looked) = Looked::at(&args.which, cx, report)? else { return Ok(()) };
    let [trend] = looked.trends.as_slice() else {
        let names: Vec<String> = looked
            .trends
            .iter()
            .take(5)
            .map(|trend| match &trend.subject {
                Some(subject) => format!("{} of {subject}", trend.full_name()),
                None => trend.full_name(),
            })
            .collect();
        return Err(Error::usage(format!(
            "a badge has one figure, and {} are meant: {}",
            looked.trends.len(),
            names.join(", ")
        ))
        .hint("choose one with --measure, --tool and --subject"));
    };
    let Some(last) = trend.last() else { return Ok(()) };
    let newest = looked.lines.last().map(|line| line.commit.as_str());
    // A figure that the newest commit has not is not known, whatever it was before.
    let (message, colour) = if newest == Some(last.commit.as_str()) {
        let colour = match last.standing {
            Standing::Pass => Colour::BrightGreen,
            Standing::NotJudged => Colour::Grey,
            Standing::Overridden => Colour::Orange,
            Standing::Warn => Colour::Yellow,
            Standing::Fail => Colour::Red,
        };
        (trend.unit.brief(last.value), colour)
    } else {
        ("unknown".to_owned(), Colour::Grey)
    };
    let label = args.label.as_deref().unwrap_or(&trend.name);
    for path in &args.out.output {
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        let text =
            if is_json { badge::json(label, &message, colour) } else { badge::svg(label, &message, colour) };
        cx.write(path, |out| out.write_all(text.as_bytes()))?;
    }
    let value = format!("{label}: {message}, {}", colour.name());
    report.facts.push(Fact { name: "badge".into(), subject: None, value });
    cx.figure(format!("{label} {message}"));
    Ok(())
}
