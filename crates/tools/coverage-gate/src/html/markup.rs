//! Pieces of pages.

use lw_coverage::Counts;
use lw_model::grouped;
pub(super) use lw_render::kit;
pub(super) use lw_render::kit::{name, push_text, sentence};

use crate::grade::Floors;

/// A number with its digits in groups.
pub(super) fn number(value: u64) -> String {
    grouped(value.into())
}

/// As [`number`], at the end of what is there already.
pub(super) fn push_number(value: u64, out: &mut String) {
    if value < 1000 {
        push_digits(itoa::Buffer::new().format(value), out);
    } else {
        out.push_str(&number(value));
    }
}

/// Adds a few digits one by one, which takes musl's `memcpy` longer.
pub(super) fn push_digits(digits: &str, out: &mut String) {
    // The mask says what the compiler cannot see: each is one byte, also in the end.
    digits.bytes().for_each(|digit| out.push(char::from(digit & 0x7f)));
}

/// A bar with its figure after it: the figure is the content, the picture decoration.
pub(super) fn bar(counts: Counts, floors: Floors) -> String {
    const WIDTH: u128 = 96;
    let Some(percent) = counts.percent() else { return "–".to_owned() };
    let filled = u128::from(counts.covered) * WIDTH / u128::from(counts.total.max(1));
    format!(
        "<span class=\"bar {}\"><svg width=\"{WIDTH}\" height=\"8\" viewBox=\"0 0 {WIDTH} 8\" aria-hidden=\"true\">\
         <rect class=\"track\" width=\"{WIDTH}\" height=\"8\" rx=\"2\" fill=\"#d0d7de\"/>\
         <rect class=\"full\" width=\"{filled}\" height=\"8\" rx=\"2\" fill=\"#4c8dd6\"/></svg> {}</span>",
        floors.grade(counts).class(),
        sentence(&percent.to_string())
    )
}

/// The beginning of a page; `root` leads to the folder of the style sheet.
pub(super) fn head(title: &str, root: &str) -> String {
    kit::head(title, kit::Style::Linked(&format!("{root}style.css")))
}

/// The end of a page.
pub(super) fn foot() -> String {
    kit::foot(concat!("coverage-gate ", env!("CARGO_PKG_VERSION")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let pushed = |value| {
            let mut out = String::new();
            push_number(value, &mut out);
            out
        };
        for value in [0, 7, 999, 1000, 1_234_567, u64::MAX] {
            assert_eq!(pushed(value), number(value));
        }
    }
}
