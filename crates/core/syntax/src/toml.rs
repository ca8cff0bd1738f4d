//! TOML as a [`Tree`]: read by the crate `toml` without serde, for which it makes its code anew for each type.
//!
//! Dates are texts. Keys are in their order, not that of the text: so the crate keeps them.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue, Error};

use crate::tree::{Fault, Tree, Word};

/// Reads a text.
///
/// # Errors
/// When it is no TOML.
pub fn read(text: &str) -> Result<Tree<'_>, Fault> {
    let document = DeTable::parse(text).map_err(|error| fault(&error))?;
    let mut tree = Tree::of(text, false)?;
    let at = document.span().start;
    tree.begin_document();
    add(&mut tree, at, DeValue::Table(document.into_inner()));
    Ok(tree)
}

/// Makes a tree of a value that was read and perhaps changed, whose places are those of its spans.
#[must_use]
pub fn tree_of<'a>(value: Spanned<DeValue<'_>>) -> Tree<'a> {
    let mut tree = Tree::new("", false);
    tree.begin_document();
    add(&mut tree, value.span().start, value.into_inner());
    tree
}

/// What the crate says is wrong.
#[must_use]
pub fn fault(error: &Error) -> Fault {
    let reason = error.message().trim();
    Fault::new(error.span().map_or(0, |span| span.start), reason)
}

/// Adds a value. This recurses as deep as the crate reads: 80 levels of tables, and as many of values.
fn add(tree: &mut Tree<'_>, at: usize, value: DeValue<'_>) {
    let index = match value {
        DeValue::Table(table) => {
            let index = tree.open(at, true);
            for (key, value) in table {
                tree.push_text(key.span().start, false, key.get_ref());
                add(tree, value.span().start, value.into_inner());
            }
            index
        }
        DeValue::Array(items) => {
            let index = tree.open(at, false);
            for value in items {
                add(tree, value.span().start, value.into_inner());
            }
            index
        }
        scalar => return add_scalar(tree, at, &scalar),
    };
    tree.end(index);
}

fn add_scalar(tree: &mut Tree<'_>, at: usize, value: &DeValue<'_>) {
    match value {
        DeValue::String(text) => tree.push_text(at, false, text),
        DeValue::Boolean(value) => tree.push_word(at, &Word::Bool(*value)),
        DeValue::Datetime(time) => tree.push_text(at, false, &time.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => tree.push_word(at, &Word::Integer(number)),
            Err(_) => tree.push_huge(at),
        },
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(value) if value.is_finite() || number.as_str().contains("inf") || value.is_nan() => {
                tree.push_word(at, &Word::Float(value));
            }
            _ => tree.push_huge(at),
        },
        DeValue::Array(_) | DeValue::Table(_) => {}
    }
}
