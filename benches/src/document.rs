//! Puts tables into a document between two markers.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// Replaces what is between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`.
///
/// # Errors
/// When the document cannot be read or written, or has no such markers.
pub(crate) fn write(path: &Path, name: &str, text: &str) -> Result<()> {
    let document = fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    let Some(replaced) = replace(&document, name, text) else {
        bail!("{} has no `<!-- bench:{name} -->` ... `<!-- /bench:{name} -->`", path.display());
    };
    fs::write(path, replaced).with_context(|| format!("failed to write {}", path.display()))
}

fn replace(document: &str, name: &str, text: &str) -> Option<String> {
    let (start, end) = (format!("<!-- bench:{name} -->"), format!("<!-- /bench:{name} -->"));
    let (before, rest) = document.split_once(&start)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{start}\n\n{}\n\n{end}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let document = "# Title\n<!-- bench:a -->\nold\n<!-- /bench:a -->\nend\n";
        let expected = "# Title\n<!-- bench:a -->\n\nnew\n\n<!-- /bench:a -->\nend\n";
        assert_eq!(replace(document, "a", "new\n").as_deref(), Some(expected));
        assert_eq!(replace(expected, "a", "new\n").as_deref(), Some(expected));
        assert_eq!(replace(document, "b", "new"), None);
    }
}
