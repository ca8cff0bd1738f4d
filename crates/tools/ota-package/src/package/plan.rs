//! Which image is for which board, and what is known of it before it is read.

use std::path::PathBuf;

use lw_cli::{Context, Error};
use lw_model::Report;
use lw_model::lists::sort_by;

use crate::args::Package;
use crate::boards::{self, Item};

/// One board of a package.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Its name.
    pub(crate) board: String,
    /// Its image.
    pub(crate) path: PathBuf,
    /// The chip its image must be for.
    pub(crate) chip: Option<&'static str>,
    /// Its partition table.
    pub(crate) partitions: Option<PathBuf>,
    /// Older images to make deltas from.
    pub(crate) from: Vec<PathBuf>,
}

impl Plan {
    /// What findings and measures are about: the board, where there are several.
    pub(crate) fn subject(&self, all: &[Self]) -> Option<&str> {
        (all.len() > 1).then_some(self.board.as_str())
    }
}

/// The boards, sorted by name.
///
/// # Errors
/// When an image has no board, or two have the same; when an argument names a board that is not there.
pub(super) fn plan(args: &Package, cx: &Context, report: &mut Report) -> Result<Vec<Plan>, Error> {
    let images = boards::items("firmware", &args.firmware, cx, report)?;
    let mut plans = named(images, args.board.as_deref())?;
    sort_by(&mut plans, |one, other| one.board.cmp(&other.board));
    if let Some(twice) = plans.windows(2).find_map(|pair| match pair {
        [one, other] if one.board == other.board => Some(one),
        _ => None,
    }) {
        return Err(Error::usage(format!("two images are for board {}", twice.board))
            .hint("a package holds one image for each board"));
    }
    let names: Vec<String> = plans.iter().map(|plan| plan.board.clone()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let chips = boards::chips(&args.kind.chip)?;
    let tables = boards::files("partitions", &args.slots.partitions, cx, report)?;
    chips.used_by("chip", &names)?;
    tables.used_by("partitions", &names)?;
    for plan in &mut plans {
        plan.chip = chips.of(Some(&plan.board)).copied();
        plan.partitions = tables.of(Some(&plan.board)).cloned();
    }
    let bases = boards::items("from", &args.from, cx, report)?;
    boards::check_boards("from", bases.iter().filter_map(|base| base.board.as_deref()), &names)?;
    for base in bases {
        let plan = match (&base.board, plans.as_mut_slice()) {
            (None, [only]) => Some(only),
            (None, _) => {
                return Err(Error::usage(format!(
                    "--from {}: it is not clear for which board",
                    base.path.display()
                ))
                .hint(format!("write --from BOARD={}", base.path.display())));
            }
            (Some(board), plans) => plans.iter_mut().find(|plan| plan.board == *board),
        };
        if let Some(plan) = plan {
            plan.from.push(base.path);
        }
    }
    Ok(plans)
}

fn named(images: Vec<Item>, board: Option<&str>) -> Result<Vec<Plan>, Error> {
    if images.is_empty() {
        return Err(
            Error::usage("there is nothing to package").hint("name an image: --firmware FILE --board NAME")
        );
    }
    let count = images.len();
    let board = board.map(str::trim).filter(|board| !board.is_empty());
    images
        .into_iter()
        .map(|Item { board: own, path }| {
            let board = match (own, board) {
                (Some(own), Some(board)) if own != board => {
                    return Err(Error::usage(format!(
                        "--firmware {own}=… and --board {board} name different boards"
                    ))
                    .hint("name the board once"));
                }
                (Some(own), _) => own,
                (None, Some(board)) if count == 1 => board.to_owned(),
                (None, _) => {
                    return Err(Error::usage(format!(
                        "{}: it is not said for which board it is",
                        path.display()
                    ))
                    .hint(format!(
                        "write --firmware BOARD={}, or --board NAME for a single image",
                        path.display()
                    )));
                }
            };
            Ok(Plan { board, path, chip: None, partitions: None, from: Vec::new() })
        })
        .collect()
}
