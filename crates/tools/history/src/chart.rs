//! `chart`: the figures over the commits, as pictures.

use std::path::Path;

use lw_cli::{Context, Error};
use lw_model::{Fact, Report, Series};
use lw_render::chart::{self, Panel};

use crate::args::Chart;
use crate::look::{Looked, series};
use crate::show;

/// Figures of one picture; more are no picture.
const PANELS: usize = 40;
/// Diagrams below a job summary.
const DIAGRAMS: usize = 6;

/// Draws them.
///
/// # Errors
/// When the history cannot be read, there is nothing to draw for a file that was asked for, or it cannot be written.
pub(crate) fn run(args: &Chart, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    for path in &args.out.output {
        let _ = Kind::of(path)?;
    }
    let Some(looked) = Looked::at(&args.which, cx, report)? else { return Ok(()) };
    let drawn: Vec<(Series, &lw_trend::Trend)> =
        looked.trends.iter().map(|trend| (series(trend), trend)).collect();
    if !args.out.output.is_empty() && drawn.len() > PANELS {
        return Err(Error::usage(format!(
            "{} figures are no picture, and {PANELS} are the most",
            drawn.len()
        ))
        .hint("choose some with --measure, --tool and --subject"));
    }
    let panels: Vec<Panel<'_>> = drawn
        .iter()
        .map(|(series, trend)| Panel {
            series,
            limits: trend.last().map(|point| point.levels.as_slice()).unwrap_or_default(),
        })
        .collect();
    let diagrams: Vec<String> = drawn.iter().filter_map(|(series, _)| chart::mermaid(series)).collect();
    for path in &args.out.output {
        let text = match Kind::of(path)? {
            Kind::Svg => chart::svg(&panels),
            Kind::Mermaid => diagrams.first().cloned().filter(|_| diagrams.len() == 1),
        };
        let Some(text) = text else {
            let shown = path.display();
            return Err(if diagrams.len() > 1 {
                Error::usage(format!(
                    "{shown}: a Mermaid diagram has one figure, and {} are meant",
                    diagrams.len()
                ))
                .hint("choose one with --measure, --tool and --subject")
            } else {
                Error::input(format!("{shown}: no figure has two commits, and one is no line"))
                    .hint("the second run of the main branch makes it one")
            });
        };
        cx.write(path, |out| out.write_all(text.as_bytes()))?;
    }
    if diagrams.len() > DIAGRAMS {
        let value = format!("{DIAGRAMS} of {} are drawn below the summary", diagrams.len());
        report.facts.push(Fact { name: "charts".into(), subject: None, value });
    }
    for diagram in diagrams.into_iter().take(DIAGRAMS) {
        cx.add_diagram("Trend", diagram);
    }
    show::tell(&looked, cx, report)
}

/// What a file is to hold.
#[derive(Clone, Copy)]
enum Kind {
    Svg,
    Mermaid,
}

impl Kind {
    fn of(path: &Path) -> Result<Self, Error> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => Ok(Self::Svg),
            Some("mmd") => Ok(Self::Mermaid),
            _ => Err(Error::usage(format!("{}: what it is to hold is not known", path.display()))
                .hint("name it .svg or .mmd; a page is written by --write html=trend.html")),
        }
    }
}
