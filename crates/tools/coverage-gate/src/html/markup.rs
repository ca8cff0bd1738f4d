//! Pieces of pages.

use std::io::Write;

use lw_coverage::Counts;
use lw_model::{Lines, grouped};
pub(super) use lw_render::kit;
pub(super) use lw_render::kit::{name, sentence, write_text};

use crate::grade::Floors;

/// A number with its digits in groups.
pub(super) fn number(value: u64) -> String {
    grouped(value.into())
}

/// As [`number`], at the end of a line.
pub(super) fn push_number<W: Write>(value: u64, out: &mut Lines<W>) {
    match u32::try_from(value) {
        Ok(few @ 0..1000) => Digits::of(few).push(out),
        _ => _ = out.push(&number(value)),
    }
}

/// The digits of a number that is written several times.
#[derive(Clone, Copy)]
pub(super) struct Digits {
    /// The first one lowest.
    text: u128,
    length: usize,
}

impl Digits {
    pub(super) fn of(number: u32) -> Self {
        let (mut text, mut length, mut rest) = (0, 0, number);
        loop {
            // Small code divides by an instruction that takes longer than all the rest. This is as exact, for all of 32 bits.
            let tenth = u32::try_from((u64::from(rest) * 0xcccc_cccd) >> 35).unwrap_or_default();
            text = (text << 8) | u128::from(rest - 10 * tenth + u32::from(b'0'));
            length += 1;
            if tenth == 0 {
                return Self { text, length };
            }
            rest = tenth;
        }
    }

    #[inline(always)]
    pub(super) fn push<W: Write>(self, out: &mut Lines<W>) {
        out.push_first(self.text.to_le_bytes(), self.length);
    }
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
        let pushed = |value| pushed(|out| push_number(value, out));
        for value in [0, 7, 10, 99, 999, 1000, 1_234_567, u64::MAX] {
            assert_eq!(pushed(value), number(value));
        }
    }

    #[test]
    fn digits_are_those_of_the_number() {
        let edges = (0..10).map(|power| 10_u32.pow(power)).flat_map(|edge| [edge - 1, edge, edge + 1]);
        for number in edges.chain([1_234_567_890, 4_294_967_289, u32::MAX - 1, u32::MAX]).chain(0..2000) {
            assert_eq!(pushed(|out| Digits::of(number).push(out)), number.to_string());
        }
    }

    fn pushed(push: impl Fn(&mut Lines<&mut Vec<u8>>)) -> String {
        let mut out = Vec::new();
        let mut lines = Lines::new(&mut out);
        push(&mut lines);
        lines.flush().unwrap();
        drop(lines);
        String::from_utf8(out).unwrap()
    }
}
