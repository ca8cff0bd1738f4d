//! image-tags: the tags and labels of container images, as docker/metadata-action makes them, but none that moves backwards.
//!
//! [`event`] says for what a run is, [`evaluate`] what each rule gives for it, [`decide`] which of these tags are given, [`release`]
//! what release a tag is, and [`labels`] in which forms all of it is handed on. The syntax of the rules is [`lw_tag_rules`]'s.

mod args;
mod decide;
mod error;
mod evaluate;
mod event;
mod labels;
mod measured;
mod publish;
mod release;
mod repository;
mod rules;

use lw_cli::{Context, Error, Output, Tool, Variable};
use lw_model::{Finding, Level, Report};
use lw_releases::NOT_ENOUGH_HISTORY;
use lw_tag_rules::{lines, parse_entries, parse_flavor, parse_images};

pub use crate::args::Args;
use crate::args::Mode;
use crate::decide::{Choices, decide};
use crate::evaluate::Rules;
use crate::repository::Clone as Repository;

/// The tool.
#[derive(Debug)]
pub struct ImageTags;

impl Tool for ImageTags {
    const NAME: &'static str = "image-tags";
    const SUMMARY: &'static str = "Tags and labels of container images, as docker/metadata-action makes them, but none that moves backwards";
    const GUIDE: &'static str = "\
Takes the inputs of docker/metadata-action and gives its outputs. A tag that several releases share (`latest`, `1`, `1.2`) is given \
only to the highest final release of those that would have it, by the tags of the repository; each decision is explained. Branches \
that are called like a release are refused, and so are patterns that cut a final version out of a pre-release. `--latest upstream` \
gives what docker/metadata-action gives.

A clone that does not hold all tags ends with exit code 10, when a tag depends on them, and says how to fetch them. Nothing is asked \
of the network.

Examples:
  lw image-tags --images ghcr.io/org/app --tags 'type=semver,pattern={{version}}' --tags 'type=semver,pattern={{major}}'
  lw image-tags --ref refs/tags/v1.9.5 --tags 'type=semver,pattern={{version}}'
  lw image-tags --images org/app --latest upstream";
    const OUTPUTS: &'static [Output] = &[
        Output { name: "version", description: "The first tag" },
        Output { name: "tags", description: "All tags with the names of the images" },
        Output { name: "tag-names", description: "All tags without the names of the images" },
        Output { name: "labels", description: "The labels, KEY=VALUE" },
        Output { name: "annotations", description: "The annotations, LEVEL:KEY=VALUE" },
        Output { name: "json", description: "Tags, labels and annotations as JSON" },
        Output { name: "bake-file", description: "Path of a bake file with tags and labels" },
        Output { name: "bake-file-tags", description: "Path of a bake file with tags" },
        Output { name: "bake-file-labels", description: "Path of a bake file with labels" },
        Output { name: "bake-file-annotations", description: "Path of a bake file with annotations" },
        Output { name: "held", description: "Tags that do not move to this release, one per line" },
    ];
    const RULES: &'static [lw_model::Rule] = rules::RULES;
    const MEASURES: &'static [lw_model::MeasureKind] = measured::MEASURES;
    const EXIT_CODES: &'static [(u8, &'static str)] =
        &[(NOT_ENOUGH_HISTORY, "the clone does not hold what would show that a tag moves forward")];
    const VARIABLES: &'static [Variable] = &[
        Variable {
            name: "DOCKER_METADATA_SHORT_SHA_LENGTH",
            description: "Digits of a short commit; 7 without it",
        },
        Variable {
            name: "DOCKER_METADATA_PR_HEAD_SHA",
            description: "`true` takes the commit of a pull request instead of the merge for its test",
        },
        Variable {
            name: "DOCKER_METADATA_ANNOTATIONS_LEVELS",
            description: "Levels of annotations, with commas between them; `manifest` without it",
        },
        Variable {
            name: "DOCKER_METADATA_SET_OUTPUT_ENV",
            description: "`false` sets no variables DOCKER_METADATA_OUTPUT_*",
        },
    ];
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        let images = parse_images(&lines("images", &args.images)?)?;
        let entries = parse_entries(&lines("tags", &args.tags)?)?;
        let flavor = parse_flavor(&lines("flavor", &args.flavor)?)?;
        let event = event::event(&args, cx)?;
        let rules = Rules { flavor: &flavor, mode: args.latest };
        let choices = Choices {
            scheme: args.scheme.into(),
            zero_major: args.zero_major,
            latest_from_branches: args.latest_from_branches,
            distinct_names: args.distinct_names,
        };
        if args.latest == Mode::Upstream {
            for entry in entries.iter().filter(|entry| !entry.unknown.is_empty()) {
                let message = format!(
                    "{}: there is no attribute `{}`",
                    evaluate::place(entry),
                    entry.unknown.join("`, `")
                );
                report.add_finding(Finding::new(
                    "image-tags/unknown-attribute",
                    Level::Warning,
                    &entry.text,
                    message,
                ));
            }
        }
        let mut clone = Repository::at(cx.resolve(&args.repo), cx.display_path(&args.repo));
        let names = decide(rules, &entries, &event, choices, &mut clone)?;
        publish::publish(&args, &images, rules, &event, &names, cx, report)
    }
}
