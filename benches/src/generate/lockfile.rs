//! Lock files of many packages, with a graph as real ones have: a few that everything needs, and many that few need.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::rng::Rng;

/// Packages that the project names itself.
const DIRECT: u64 = 40;

/// A package with what it needs, by number.
struct Package {
    version: String,
    needs: Vec<u64>,
}

/// Package number `n` needs only such with a larger number, so that there is no circle; each is needed by at least one.
fn packages(count: u64) -> Vec<Package> {
    let mut rng = Rng::new(2026);
    let mut all: Vec<Package> = (0..count)
        .map(|number| {
            let version = format!("{}.{}.{}", rng.below(9), rng.below(30), rng.below(20));
            let later = count - number - 1;
            let wanted = if later == 0 { 0 } else { rng.below(5) };
            let mut needs: Vec<u64> = (0..wanted).map(|_| number + 1 + rng.below(later)).collect();
            needs.sort_unstable();
            needs.dedup();
            Package { version, needs }
        })
        .collect();
    let mut needed = vec![false; all.len()];
    for to in all.iter().flat_map(|package| &package.needs) {
        if let Some(needed) = usize::try_from(*to).ok().and_then(|to| needed.get_mut(to)) {
            *needed = true;
        }
    }
    for (number, _) in
        (0..count).zip(&needed).skip(usize::try_from(DIRECT).unwrap_or(0)).filter(|(_, needed)| !**needed)
    {
        let by = usize::try_from(rng.below(number)).unwrap_or(0);
        if let Some(package) = all.get_mut(by) {
            package.needs.push(number);
        }
    }
    all
}

fn hex(rng: &mut Rng, digits: usize) -> String {
    let mut text = String::new();
    while text.len() < digits {
        // Writing into a string cannot fail.
        let _ = write!(text, "{:016x}", rng.next());
    }
    text.truncate(digits);
    text
}

/// Writes `Cargo.toml` and `Cargo.lock`.
///
/// # Errors
/// When they cannot be written.
pub(crate) fn cargo(count: u64, folder: &Path) -> Result<()> {
    let mut rng = Rng::new(1);
    let all = packages(count);
    let mut lock =
        "version = 4\n\n[[package]]\nname = \"product\"\nversion = \"1.0.0\"\ndependencies = [\n".to_owned();
    let mut manifest =
        "[package]\nname = \"product\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[dependencies]\n"
            .to_owned();
    for (number, package) in (0..count.min(DIRECT)).zip(&all) {
        let _ = writeln!(lock, " \"package-{number:06}\",");
        let _ = writeln!(manifest, "package-{number:06} = \"{}\"", package.version);
    }
    lock += "]\n";
    for (number, package) in (0..count).zip(&all) {
        let checksum = hex(&mut rng, 64);
        let _ = write!(
            lock,
            "\n[[package]]\nname = \"package-{number:06}\"\nversion = \"{}\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{checksum}\"\n",
            package.version
        );
        if !package.needs.is_empty() {
            lock += "dependencies = [\n";
            for to in &package.needs {
                let _ = writeln!(lock, " \"package-{to:06}\",");
            }
            lock += "]\n";
        }
    }
    write(folder, &[("Cargo.toml", &manifest), ("Cargo.lock", &lock), ("src/lib.rs", "")])
}

/// Writes `package.json` and `package-lock.json` of version 3.
///
/// # Errors
/// When they cannot be written.
pub(crate) fn npm(count: u64, folder: &Path) -> Result<()> {
    let all = packages(count);
    let version = |number: &u64| {
        usize::try_from(*number)
            .ok()
            .and_then(|number| all.get(number))
            .map(|package| package.version.clone())
            .unwrap_or_default()
    };
    let needs = |numbers: &[u64]| {
        let entries =
            numbers.iter().map(|number| format!("\"package-{number:06}\": \"^{}\"", version(number)));
        format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
    };
    let direct = needs(&(0..count.min(DIRECT)).collect::<Vec<_>>());
    let root = format!(
        "\"name\": \"product\", \"version\": \"1.0.0\", \"license\": \"MIT\", \"dependencies\": {direct}"
    );
    let mut lock = format!(
        "{{\"name\": \"product\", \"version\": \"1.0.0\", \"lockfileVersion\": 3, \"requires\": true, \"packages\": {{\n\"\": {{{root}}}"
    );
    for (number, package) in (0..count).zip(&all) {
        let name = format!("package-{number:06}");
        // 64 bytes in base64, of which the last has no meaning.
        let integrity = format!("{number:086}==").replace(' ', "0");
        let _ = write!(
            lock,
            ",\n\"node_modules/{name}\": {{\"version\": \"{version}\", \"resolved\": \"https://registry.npmjs.org/{name}/-/{name}-{version}.tgz\", \"integrity\": \"sha512-{integrity}\", \"license\": \"MIT\"",
            version = package.version
        );
        if !package.needs.is_empty() {
            let _ = write!(lock, ", \"dependencies\": {}", needs(&package.needs));
        }
        lock.push('}');
    }
    lock += "\n}}\n";
    write(folder, &[("package.json", &format!("{{{root}}}\n")), ("package-lock.json", &lock)])
}

/// Writes `pyproject.toml` and `uv.lock`.
///
/// # Errors
/// When they cannot be written.
pub(crate) fn uv(count: u64, folder: &Path) -> Result<()> {
    let mut rng = Rng::new(3);
    let all = packages(count);
    let mut manifest = "[project]\nname = \"product\"\nversion = \"1.0.0\"\nrequires-python = \">=3.12\"\ndependencies = [\n".to_owned();
    let mut lock = "version = 1\nrevision = 3\nrequires-python = \">=3.12\"\n".to_owned();
    let mut requires = String::new();
    let mut depends = String::new();
    for number in 0..count.min(DIRECT) {
        let _ = writeln!(manifest, "    \"package-{number:06}\",");
        let _ = writeln!(depends, "    {{ name = \"package-{number:06}\" }},");
        let _ = writeln!(requires, "    {{ name = \"package-{number:06}\" }},");
    }
    manifest += "]\n";
    for (number, package) in (0..count).zip(&all) {
        let (name, version, hash) = (format!("package-{number:06}"), &package.version, hex(&mut rng, 64));
        let _ = write!(
            lock,
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = {{ registry = \"https://pypi.org/simple\" }}\n"
        );
        if !package.needs.is_empty() {
            lock += "dependencies = [\n";
            for to in &package.needs {
                let _ = writeln!(lock, "    {{ name = \"package-{to:06}\" }},");
            }
            lock += "]\n";
        }
        let file = name.replace('-', "_");
        let _ = write!(
            lock,
            "wheels = [\n    {{ url = \"https://files.pythonhosted.org/packages/{file}-{version}-py3-none-any.whl\", hash = \"sha256:{hash}\", size = 1000 }},\n]\n"
        );
    }
    let _ = write!(
        lock,
        "\n[[package]]\nname = \"product\"\nversion = \"1.0.0\"\nsource = {{ virtual = \".\" }}\ndependencies = [\n{depends}]\n\n[package.metadata]\nrequires-dist = [\n{requires}]\n"
    );
    write(folder, &[("pyproject.toml", &manifest), ("uv.lock", &lock)])
}

fn write(folder: &Path, files: &[(&str, &str)]) -> Result<()> {
    for (name, text) in files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("failed to make {}", parent.display()))?;
        }
        fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(())
}
