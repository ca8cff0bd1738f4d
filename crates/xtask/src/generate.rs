//! The generated files: made in memory, then written or compared.

pub(crate) mod action;
mod architecture;
pub(crate) mod readme;
pub(crate) mod registry;
pub(crate) mod rules;
pub(crate) mod schema;
mod template;
pub(crate) mod types;
mod workflow_run;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use crate::house::{files_below, root};

/// Generated files by their path from the root of the repository.
pub(crate) type Files = BTreeMap<PathBuf, String>;

/// Folders that hold generated files only: whatever else lies there is stale.
pub(crate) const OWNED: [&str; 4] = ["actions", "docs/rules", "templates", "schemas"];

/// The page that shows the workflows for pull requests of forks.
const FORKS: &str = "docs/pr-comment.md";

/// Writes all generated files, or only compares them.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let root = root();
    sync(&root, &all(&root)?, &OWNED, check)
}

/// Makes the files on disk what they should be, or fails where they are not. In the `owned` folders nothing else may lie.
pub(crate) fn sync(root: &Path, files: &Files, owned: &[&str], check: bool) -> anyhow::Result<()> {
    let mut stale = Vec::new();
    for (path, text) in files {
        let target = root.join(path);
        if fs::read_to_string(&target).ok().as_deref() == Some(text) {
            continue;
        }
        if check {
            stale.push(path.clone());
        } else {
            fs::create_dir_all(target.parent().unwrap_or(root))?;
            fs::write(&target, text).with_context(|| path.display().to_string())?;
        }
    }
    for folder in owned {
        for path in files_below(&root.join(folder))? {
            let name = path.strip_prefix(root)?.to_owned();
            if files.contains_key(&name) || name.starts_with("dist/bin") {
                continue;
            }
            if check {
                stale.push(name);
            } else {
                fs::remove_file(&path)?;
            }
        }
    }
    if !stale.is_empty() {
        let names: Vec<String> = stale.iter().map(|path| path.display().to_string()).collect();
        bail!("stale generated files: {}; run `cargo xtask gen` and `cargo xtask dist`", names.join(", "));
    }
    Ok(())
}

pub(crate) fn all(root: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    for entry in lw::TOOLS {
        files.insert(
            format!("actions/{}/action.yml", entry.name).into(),
            action::action_yml(entry, "../../launcher")?,
        );
        files.insert(
            format!("actions/{}/README.md", entry.name).into(),
            readme::of_action(root, entry, "../../")?,
        );
        files.insert(format!("actions/{}/action-types.yml", entry.name).into(), types::of_action(entry)?);
        if entry.compares {
            let folder = format!("actions/{}", action::with_baseline(entry));
            files.insert(format!("{folder}/action-types.yml").into(), types::of_action_with_baseline(entry)?);
            let yml = action::with_baseline_yml(entry, "../../launcher")?;
            files.insert(format!("{folder}/action.yml").into(), yml);
            files.insert(format!("{folder}/README.md").into(), readme::of_action_with_baseline(entry));
        }
        files.insert(rules::path(entry.name).into(), rules::page(entry));
        files.insert(format!("templates/{}.yml", entry.name).into(), template::gitlab(entry)?);
    }
    for entry in lw::COMMANDS {
        files.insert(rules::path(entry.name).into(), rules::page(entry));
    }
    files.insert("schemas/lw-report-1.json".into(), schema::report()?);
    files.insert("schemas/lw.toml.json".into(), schema::configuration(lw::TOOLS)?);
    files.insert("schemas/schemastore-catalog.json".into(), schema::catalogue()?);
    let mut page = fs::read_to_string(root.join(FORKS)).context(FORKS)?;
    for (name, text) in workflow_run::pair()? {
        let body = format!(
            "```yaml\n# .github/workflows/{name}\n{}```\n",
            text.split_once('\n').unwrap_or_default().1
        );
        page = between(&page, &page, &format!("<!-- {name}:begin"), &format!("<!-- {name}:end"), &body)?;
        files.insert(format!("templates/github/{name}").into(), text);
    }
    files.insert(FORKS.into(), page);
    files.insert("action.yml".into(), action::root_action("launcher")?);
    files.insert("action-types.yml".into(), types::of_root()?);
    files.insert("launcher/version".into(), format!("{}\n", lw_cli::VERSION));
    files.insert("README.md".into(), readme::of_suite(root)?);
    files.insert("docs/SUMMARY.md".into(), readme::contents(root)?);
    files.insert("ARCHITECTURE.md".into(), architecture::page(root)?);
    files.insert("crates/lw/Cargo.toml".into(), registry::manifest_of_lw(root)?);
    files.insert("benches/src/tools/mod.rs".into(), registry::benchmarks(root)?);
    Ok(files)
}

/// A file's text with `body` between the line that begins with `begin` and the next that begins with `end`.
pub(crate) fn between(file: &str, text: &str, begin: &str, end: &str, body: &str) -> anyhow::Result<String> {
    let (mut head, mut tail) = (String::new(), String::new());
    let mut lines = text.split_inclusive('\n');
    for line in lines.by_ref() {
        head.push_str(line);
        if line.starts_with(begin) {
            break;
        }
    }
    for line in lines.skip_while(|line| !line.starts_with(end)) {
        tail.push_str(line);
    }
    ensure!(!tail.is_empty(), "{file} has no line `{begin}` with a line `{end}` after it");
    Ok(format!("{head}{body}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let text = "a\n# x:begin, why\nold\n# x:end\nb\n";
        let made = between("f", text, "# x:begin", "# x:end", "new\n").unwrap();
        assert_eq!(made, "a\n# x:begin, why\nnew\n# x:end\nb\n");
        assert!(between("f", "# x:begin\n", "# x:begin", "# x:end", "").is_err());
        assert!(between("f", "# x:end\n", "# x:begin", "# x:end", "").is_err());
    }

    #[test]
    fn generated_files_are_fresh() {
        super::run(true).unwrap();
    }
}
