//! Rectangles in proportion to values, as square as possible.
//!
//! M. Bruls, K. Huizing, J. J. van Wijk: "Squarified Treemaps", 2000.

/// A rectangle in the units of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) w: f64,
    pub(super) h: f64,
}

impl Rect {
    /// The rectangle without a border of `pad` on each side and `head` more at the top.
    pub(super) fn inset(self, pad: f64, head: f64) -> Self {
        Self {
            x: self.x + pad,
            y: self.y + pad + head,
            w: (self.w - 2.0 * pad).max(0.0),
            h: (self.h - 2.0 * pad - head).max(0.0),
        }
    }
}

/// Divides `area` among `values`, which are positive and in falling order; one rectangle each, in the same order.
///
/// The rectangles cover the area exactly and do not overlap.
#[allow(clippy::cast_precision_loss)]
pub(super) fn squarify(values: &[u64], area: Rect) -> Vec<Rect> {
    let mut rects = Vec::with_capacity(values.len());
    let mut rest = area;
    let mut left: f64 = values.iter().map(|value| *value as f64).sum();
    let mut values = values;
    while let Some(largest) = values.first() {
        let scale = if left > 0.0 { rest.w * rest.h / left } else { 0.0 };
        let side = rest.w.min(rest.h);
        let largest = *largest as f64 * scale;
        let (mut sum, mut count, mut ratio) = (0.0, 0, f64::INFINITY);
        for value in values {
            let value = *value as f64 * scale;
            let next = worst(largest, value, sum + value, side);
            if count > 0 && next > ratio {
                break;
            }
            (sum, count, ratio) = (sum + value, count + 1, next);
        }
        let (row, others) = values.split_at(count);
        let total: f64 = row.iter().map(|value| *value as f64).sum();
        let across = rest.w >= rest.h;
        // The last row takes what is left, so that rounding leaves no gap at the edge.
        let length = if across { rest.w } else { rest.h };
        let depth = if others.is_empty() || left <= 0.0 { length } else { length * total / left };
        place(row, total, rest, depth, across, &mut rects);
        if across {
            rest = Rect { x: rest.x + depth, w: (rest.w - depth).max(0.0), ..rest };
        } else {
            rest = Rect { y: rest.y + depth, h: (rest.h - depth).max(0.0), ..rest };
        }
        left -= total;
        values = others;
    }
    rects
}

/// The ratio of the sides of the least square rectangle in a row with this sum along `side`.
fn worst(largest: f64, smallest: f64, sum: f64, side: f64) -> f64 {
    let (side, sum) = (side * side, sum * sum);
    if sum <= 0.0 || side <= 0.0 || smallest <= 0.0 {
        return f64::INFINITY;
    }
    (side * largest / sum).max(sum / (side * smallest))
}

#[allow(clippy::cast_precision_loss)]
fn place(row: &[u64], total: f64, area: Rect, depth: f64, across: bool, rects: &mut Vec<Rect>) {
    let side = if across { area.h } else { area.w };
    let mut at = 0.0;
    for value in row {
        let length = if total > 0.0 { side * *value as f64 / total } else { 0.0 };
        rects.push(if across {
            Rect { x: area.x, y: area.y + at, w: depth, h: length }
        } else {
            Rect { x: area.x + at, y: area.y, w: length, h: depth }
        });
        at += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AREA: Rect = Rect { x: 0.0, y: 0.0, w: 600.0, h: 400.0 };

    #[test]
    fn the_example_of_the_paper() {
        let rects = squarify(&[6, 6, 4, 3, 2, 2, 1], Rect { x: 0.0, y: 0.0, w: 6.0, h: 4.0 });
        let rounded: Vec<_> = rects.iter().map(|r| (r.w * 100.0).round() / 100.0).collect();
        assert_eq!(rounded, [3.0, 3.0, 1.71, 1.29, 1.2, 1.2, 0.6]);
    }

    proptest! {
        #[test]
        fn areas_are_in_proportion_and_fill_the_whole(mut values in proptest::collection::vec(1u64..1_000_000, 1..200)) {
            lw_model::lists::sort_by(&mut values, |a, b| b.cmp(a));
            let total: u64 = values.iter().sum();
            let rects = squarify(&values, AREA);
            prop_assert_eq!(rects.len(), values.len());
            for (value, rect) in values.iter().zip(&rects) {
                #[allow(clippy::cast_precision_loss)]
                let due = *value as f64 / total as f64 * AREA.w * AREA.h;
                prop_assert!((rect.w * rect.h - due).abs() < 1e-3 * due.max(1.0), "{} {}", rect.w * rect.h, due);
                prop_assert!(rect.x >= -1e-6 && rect.x + rect.w <= AREA.w + 1e-6);
                prop_assert!(rect.y >= -1e-6 && rect.y + rect.h <= AREA.h + 1e-6);
            }
        }
    }
}
