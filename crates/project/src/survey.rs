//! The parts of a repository, by the files their build tools have.

use std::borrow::Cow;

use lw_dependencies::{BuildFile, Entry, EntryKind, Tree, TreeError, environments};
use lw_model::lists::sort_by;
use lw_model::{Class, Diagnose};

/// Folders below each other are followed this far.
const DEEPEST: usize = 6;
/// The most folders that are looked into.
const MOST_FOLDERS: usize = 20_000;
/// The most parts a repository is taken to have.
const MOST_PARTS: usize = 32;
/// The most source files that are searched for tests, of one part.
const MOST_SOURCES: usize = 2_000;

/// Folders that hold what somebody else made, or what a build made.
const FOREIGN: [&str; 11] = [
    "node_modules",
    "bower_components",
    "managed_components",
    "site-packages",
    "venv",
    "vendor",
    "third_party",
    "target",
    "build",
    "dist",
    "__pycache__",
];

/// Names under which tools leave a report of coverage.
const COVERAGE: [&str; 6] =
    ["lcov.info", "coverage.info", "coverage.xml", "cobertura.xml", "coverage.out", "jacoco.xml"];

/// What a repository is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// Its parts, in the order of their folders.
    pub parts: Vec<Part>,
    /// What was found and is not among the parts.
    pub left: Vec<Left>,
    /// Whether a lock file or manifest is there that a bill of materials can be made of.
    pub has_dependencies: bool,
}

impl Project {
    /// The parts that are built into firmware.
    pub fn firmware(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.firmware().is_some())
    }
}

/// Something that was found and left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its path.
    pub path: String,
    /// Why.
    pub reason: &'static str,
}

/// One project of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its folder, from the root of the repository; empty for the root itself.
    pub folder: String,
    /// What it is.
    pub kind: Kind,
    /// Whether it has tests that its build tool runs.
    pub has_tests: bool,
    /// Reports of coverage that are there already, by their paths from the root of the repository.
    pub coverage: Vec<String>,
}

/// What a part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Firmware built by PlatformIO.
    PlatformIo {
        /// Whether every environment that is flashed is of an ESP, whose build leaves a partition table.
        is_esp: bool,
        /// The environment whose tests run on the machine that builds.
        native: Option<String>,
    },
    /// Firmware built by ESP-IDF.
    EspIdf {
        /// The name the build gives its files.
        name: String,
        /// The version of ESP-IDF that `dependencies.lock` names.
        version: Option<String>,
    },
    /// A package or workspace of Cargo.
    Cargo {
        /// The target it is built for where that is a microcontroller, and the name of the package.
        embedded: Option<(String, String)>,
    },
    /// A project in Python.
    Python {
        /// What installs it.
        toolchain: Toolchain,
    },
    /// A module of Go.
    Go,
    /// A fleet of Balena: containers on devices.
    Balena,
    /// A container image.
    Docker,
}

/// What installs a project in Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// uv.
    Uv,
    /// Poetry.
    Poetry,
}

impl Kind {
    /// What people call it.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::PlatformIo { .. } => "PlatformIO",
            Self::EspIdf { .. } => "ESP-IDF",
            Self::Cargo { embedded: Some(_) } => "Cargo, firmware",
            Self::Cargo { embedded: None } => "Cargo",
            Self::Python { toolchain: Toolchain::Uv } => "Python with uv",
            Self::Python { toolchain: Toolchain::Poetry } => "Python with Poetry",
            Self::Go => "Go",
            Self::Balena => "Balena",
            Self::Docker => "Docker",
        }
    }
}

/// Where a part's build leaves its firmware, as patterns from the root of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Firmware {
    pub(crate) elf: String,
    pub(crate) map: Option<String>,
    pub(crate) bin: Option<String>,
    pub(crate) partitions: Option<String>,
}

impl Part {
    /// A path of the part, from the root of the repository.
    pub(crate) fn path(&self, below: &str) -> String {
        joined(&self.folder, below)
    }

    pub(crate) fn firmware(&self) -> Option<Firmware> {
        match &self.kind {
            Kind::PlatformIo { is_esp, .. } => Some(Firmware {
                elf: self.path(".pio/build/*/firmware.elf"),
                map: None,
                bin: is_esp.then(|| self.path(".pio/build/*/firmware.bin")),
                partitions: is_esp.then(|| self.path(".pio/build/*/partitions.bin")),
            }),
            Kind::EspIdf { name, .. } => Some(Firmware {
                elf: self.path(&format!("build/{name}.elf")),
                map: Some(self.path(&format!("build/{name}.map"))),
                bin: Some(self.path(&format!("build/{name}.bin"))),
                partitions: Some(self.path("build/partition_table/partition-table.bin")),
            }),
            Kind::Cargo { embedded: Some((target, name)) } => Some(Firmware {
                elf: self.path(&format!("target/{target}/release/{name}")),
                map: None,
                bin: None,
                partitions: None,
            }),
            _ => None,
        }
    }

    /// What size-gate is given to measure the part as it is built now: flags and patterns. Empty where it is no firmware.
    #[must_use]
    pub fn size_inputs(&self) -> Vec<(&'static str, String)> {
        let Some(firmware) = self.firmware() else { return Vec::new() };
        let mut inputs = vec![("elf", firmware.elf)];
        for (name, path) in
            [("map", firmware.map), ("bin", firmware.bin), ("partitions", firmware.partitions)]
        {
            inputs.extend(path.map(|path| (name, path)));
        }
        inputs
    }

    /// A name for a job: letters, digits and `-`.
    pub(crate) fn id(&self) -> String {
        let kind = match &self.kind {
            Kind::PlatformIo { .. } | Kind::EspIdf { .. } => "firmware",
            Kind::Cargo { .. } => "rust",
            Kind::Python { .. } => "python",
            Kind::Go => "go",
            Kind::Balena => "balena",
            Kind::Docker => "image",
        };
        let folder: String =
            self.folder.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let folder = folder.trim_matches('-');
        if folder.is_empty() { kind.to_owned() } else { format!("{kind}-{folder}") }
    }
}

/// Why a repository could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// A folder or file could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// There are too many folders.
    #[error("{folder}: more than {MOST_FOLDERS} folders are not looked into")]
    TooLarge {
        /// The one that was one too many.
        folder: String,
    },
}

impl Diagnose for SurveyError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Tree(_) => "make it readable, or start in the folder of the project".into(),
            Self::TooLarge { .. } => "start in the folder of one project".into(),
        })
    }
}

/// Looks at a repository.
///
/// # Errors
/// When a folder or file cannot be read, or there are too many folders.
pub fn survey(tree: &dyn Tree) -> Result<Project, SurveyError> {
    let mut walk = Walk { tree, project: Project::default(), folders: 0 };
    walk.folder("", 0, Above::default())?;
    sort_by(&mut walk.project.parts, |a, b| a.folder.cmp(&b.folder));
    Ok(walk.project)
}

/// What the folders above are: what lies below belongs to it.
#[derive(Clone, Copy, Default)]
struct Above {
    cargo: bool,
    python: bool,
    firmware: bool,
    balena: bool,
}

struct Walk<'a> {
    tree: &'a dyn Tree,
    project: Project,
    folders: usize,
}

pub(crate) fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Whether a name may stand in a workflow as it is.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-');
    name.chars().all(plain) && !name.starts_with('-') && name.len() <= 200
}

impl Walk<'_> {
    fn folder(&mut self, folder: &str, depth: usize, mut above: Above) -> Result<(), SurveyError> {
        self.folders += 1;
        if self.folders > MOST_FOLDERS {
            return Err(SurveyError::TooLarge { folder: folder.to_owned() });
        }
        let entries = self.tree.list(folder)?;
        self.project.has_dependencies |=
            lw_dependencies::detect(self.tree, folder).is_ok_and(|found| !found.is_empty());
        for kind in self.kinds(folder, &entries, &mut above)? {
            self.add(folder, kind, &entries)?;
        }
        if depth >= DEEPEST {
            return Ok(());
        }
        for entry in entries.iter().filter(|entry| entry.kind == EntryKind::Folder) {
            if entry.name.starts_with('.') || FOREIGN.contains(&entry.name.as_str()) {
                continue;
            }
            self.folder(&joined(folder, &entry.name), depth + 1, above)?;
        }
        Ok(())
    }

    fn add(&mut self, folder: &str, kind: Kind, entries: &[Entry]) -> Result<(), SurveyError> {
        let left =
            |reason| Left { path: if folder.is_empty() { ".".into() } else { folder.to_owned() }, reason };
        if !is_plain(folder) {
            self.project.left.push(left("its name would have to be quoted in a workflow"));
            return Ok(());
        }
        if self.project.parts.len() >= MOST_PARTS {
            self.project.left.push(left("there are more parts than one workflow is written for"));
            return Ok(());
        }
        let mut part = Part { folder: folder.to_owned(), kind, has_tests: false, coverage: Vec::new() };
        part.has_tests = self.has_tests(&part, entries)?;
        part.coverage = self.coverage(folder)?;
        self.project.parts.push(part);
        Ok(())
    }

    /// A file's text, where it is text.
    fn text(&self, path: &str) -> Result<Option<String>, SurveyError> {
        let bytes = self.tree.read(path)?;
        Ok(bytes.and_then(|bytes| String::from_utf8(bytes.into_owned()).ok()))
    }

    fn kinds(&self, folder: &str, entries: &[Entry], above: &mut Above) -> Result<Vec<Kind>, SurveyError> {
        let has =
            |name: &str| entries.iter().any(|entry| entry.name == name && entry.kind == EntryKind::File);
        let path = |name: &str| joined(folder, name);
        let mut kinds = Vec::new();
        if has("platformio.ini") && !above.firmware {
            let text = self.text(&path("platformio.ini"))?.unwrap_or_default();
            kinds.push(platformio(&text));
            above.firmware = true;
        } else if has("CMakeLists.txt") && !above.firmware {
            let text = self.text(&path("CMakeLists.txt"))?.unwrap_or_default();
            if let Some(name) = esp_idf_name(&text) {
                let lock = self.text(&path("dependencies.lock"))?.unwrap_or_default();
                kinds.push(Kind::EspIdf { name, version: idf_version(&lock) });
                above.firmware = true;
            }
        }
        if has("Cargo.toml") && !above.cargo {
            let manifest = self.text(&path("Cargo.toml"))?.unwrap_or_default();
            let config = self.text(&path(".cargo/config.toml"))?.unwrap_or_default();
            let embedded = value_of(&config, "build", "target").filter(|target| is_microcontroller(target));
            let name = value_of(&manifest, "package", "name");
            kinds.push(Kind::Cargo { embedded: embedded.zip(name) });
            above.cargo = true;
        }
        if has("pyproject.toml") && !above.python {
            let text = self.text(&path("pyproject.toml"))?.unwrap_or_default();
            let poetry = has("poetry.lock") || text.contains("[tool.poetry");
            let uv = has("uv.lock") || text.contains("[tool.uv");
            // What has neither is installed by uv as well.
            if uv || poetry || text.contains("[project]") {
                let toolchain = if poetry && !has("uv.lock") { Toolchain::Poetry } else { Toolchain::Uv };
                kinds.push(Kind::Python { toolchain });
                above.python = true;
            }
        }
        if has("go.mod") {
            kinds.push(Kind::Go);
        }
        if has("balena.yml") || has("balena.yaml") || has("Dockerfile.template") {
            if !above.balena {
                kinds.push(Kind::Balena);
            }
            above.balena = true;
        } else if has("Dockerfile") && !above.balena {
            // What a fleet is built of is no image of its own.
            kinds.push(Kind::Docker);
        }
        Ok(kinds)
    }

    fn has_tests(&self, part: &Part, entries: &[Entry]) -> Result<bool, SurveyError> {
        let mut sources = 0;
        match &part.kind {
            Kind::PlatformIo { native: Some(_), .. } => Ok(entries.iter().any(|entry| entry.name == "test")),
            Kind::Cargo { embedded: None } => {
                self.any_source(&part.folder, 0, &mut sources, &mut |tree, path| {
                    let is_source = path.ends_with(".rs");
                    Ok(is_source && tree.read(path)?.is_some_and(|text| contains(&text, b"#[test]")))
                })
            }
            Kind::Python { .. } => self.any_source(&part.folder, 0, &mut sources, &mut |_, path| {
                let name = path.rsplit('/').next().unwrap_or_default();
                Ok(name.ends_with(".py") && (name.starts_with("test_") || name.ends_with("_test.py")))
            }),
            Kind::Go => {
                self.any_source(&part.folder, 0, &mut sources, &mut |_, path| Ok(path.ends_with("_test.go")))
            }
            _ => Ok(false),
        }
    }

    /// Whether a file of the part is what is looked for.
    fn any_source(
        &self,
        folder: &str,
        depth: usize,
        seen: &mut usize,
        is_it: &mut dyn FnMut(&dyn Tree, &str) -> Result<bool, TreeError>,
    ) -> Result<bool, SurveyError> {
        for entry in self.tree.list(folder)? {
            let path = joined(folder, &entry.name);
            *seen += 1;
            if *seen > MOST_SOURCES {
                return Ok(false);
            }
            let found = match entry.kind {
                EntryKind::File => is_it(self.tree, &path)?,
                EntryKind::Folder if entry.name.starts_with('.') => false,
                EntryKind::Folder if FOREIGN.contains(&entry.name.as_str()) || depth >= DEEPEST => false,
                EntryKind::Folder => self.any_source(&path, depth + 1, seen, is_it)?,
                EntryKind::Other => false,
            };
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reports of coverage where tools leave them.
    fn coverage(&self, folder: &str) -> Result<Vec<String>, SurveyError> {
        let mut found = Vec::new();
        for below in ["", "build", "coverage", "target", "target/llvm-cov"] {
            let here = if below.is_empty() { folder.to_owned() } else { joined(folder, below) };
            let files = self.tree.list(&here)?;
            let is_report =
                |entry: &&Entry| entry.kind == EntryKind::File && COVERAGE.contains(&entry.name.as_str());
            found.extend(files.iter().filter(is_report).map(|entry| joined(&here, &entry.name)));
        }
        Ok(found)
    }
}

fn contains(text: &[u8], what: &[u8]) -> bool {
    text.windows(what.len()).any(|window| window == what)
}

fn platformio(text: &str) -> Kind {
    // What PlatformIO itself would refuse is its to say, when it builds.
    let all = environments(BuildFile::PlatformIo, "platformio.ini", text).unwrap_or_default();
    let field = |fields: &[(&str, String)], name: &str| {
        fields.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let is_native = |platform: &str| platform == "native" || platform.starts_with("native@");
    let platforms: Vec<(String, String)> =
        all.into_iter().map(|one| (field(&one.fields, "platform"), one.name)).collect();
    let mut flashed = platforms.iter().filter(|(platform, _)| !is_native(platform)).peekable();
    let is_esp = flashed.peek().is_some() && flashed.all(|(platform, _)| platform.contains("espressif32"));
    let native = platforms.into_iter().find(|(platform, _)| is_native(platform)).map(|(_, name)| name);
    Kind::PlatformIo { is_esp, native: native.filter(|name| is_plain(name)) }
}

/// The name of a project of ESP-IDF: it includes ESP-IDF's `project.cmake` and says `project(NAME)`.
fn esp_idf_name(text: &str) -> Option<String> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    if !lines().any(|line| line.contains("tools/cmake/project.cmake")) {
        return None;
    }
    let arguments = lines().find_map(|line| line.strip_prefix("project"))?.trim_start().strip_prefix('(')?;
    let name = arguments.split([')', ' ']).find(|word| !word.is_empty())?;
    is_plain(name).then(|| name.to_owned())
}

/// The version of ESP-IDF that a `dependencies.lock` was solved for.
fn idf_version(lock: &str) -> Option<String> {
    let mut lines = lock.lines().skip_while(|line| line.trim_end() != "  idf:").skip(1);
    let inside = lines.by_ref().take_while(|line| line.starts_with("    "));
    let version = inside.filter_map(|line| line.trim().strip_prefix("version:")).next()?;
    let version = version.trim().trim_matches(['"', '\'']);
    let digits = |part: &str| !part.is_empty() && part.len() < 4 && part.bytes().all(|b| b.is_ascii_digit());
    (version.split('.').count() == 3 && version.split('.').all(digits)).then(|| version.to_owned())
}

/// The text of a key in a table of a TOML file, read by line: what Cargo itself writes and its book shows.
fn value_of(text: &str, table: &str, key: &str) -> Option<String> {
    let mut lines = text.lines().map(str::trim).skip_while(|line| *line != format!("[{table}]")).skip(1);
    let inside = lines.by_ref().take_while(|line| !line.starts_with('['));
    let (_, value) = inside.filter_map(|line| line.split_once('=')).find(|(name, _)| name.trim() == key)?;
    let value = value.trim().strip_prefix('"')?.split('"').next()?;
    (is_plain(value) && !value.contains('/')).then(|| value.to_owned())
}

/// Whether code of this target runs without an operating system, on a chip.
fn is_microcontroller(target: &str) -> bool {
    let chip = ["thumbv", "riscv32", "xtensa-", "avr"].iter().any(|start| target.starts_with(start));
    chip && !target.contains("-linux-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_of_esp_idf_is_told_from_any_other_of_cmake() {
        let text = "cmake_minimum_required(VERSION 3.16)\n\ninclude($ENV{IDF_PATH}/tools/cmake/project.cmake)\nproject(led-node)\n";
        assert_eq!(esp_idf_name(text).as_deref(), Some("led-node"));
        assert_eq!(esp_idf_name("project(led-node CXX)\n"), None);
        assert_eq!(esp_idf_name("# include(x/tools/cmake/project.cmake)\nproject(a)\n"), None);
        let hostile = "include(tools/cmake/project.cmake)\nproject(a$(reboot))\n";
        assert_eq!(esp_idf_name(hostile), None, "it would stand in a command");
    }

    #[test]
    fn the_version_of_esp_idf_is_that_of_the_lock_file() {
        let lock = "dependencies:\n  espressif/led_strip:\n    version: 2.5.3\n  idf:\n    source:\n      type: idf\n    version: 5.3.2\nmanifest_hash: x\n";
        assert_eq!(idf_version(lock).as_deref(), Some("5.3.2"));
        assert_eq!(idf_version("dependencies:\n  idf:\n    version: 5.3.2;reboot\n"), None);
        assert_eq!(idf_version(""), None);
    }

    #[test]
    fn a_key_is_read_in_its_own_table() {
        let text =
            "[other]\ntarget = \"x\"\n[build]\n# a comment\ntarget = \"riscv32imc-unknown-none-elf\" # why\n";
        assert_eq!(value_of(text, "build", "target").as_deref(), Some("riscv32imc-unknown-none-elf"));
        assert_eq!(value_of(text, "build", "rustflags"), None);
        assert!(
            is_microcontroller("riscv32imc-unknown-none-elf") && is_microcontroller("thumbv7em-none-eabihf")
        );
        assert!(!is_microcontroller("riscv32gc-unknown-linux-gnu") && !is_microcontroller("wasm32-wasip1"));
    }
}
