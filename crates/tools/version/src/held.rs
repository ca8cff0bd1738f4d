//! The files of a project that hold its version, all of them read and judged before one is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lw_cli::{Context, Error, ResultExt};
use lw_model::{Finding, Level, Location, Report};
use lw_version_files::{FileVersions, Form, Kind, Names, NewVersion, Place, Role, read};
use lw_versions::{Scheme, Version};

use crate::args::Files;

/// The most bytes of a file that is found by its name.
const MOST: u64 = 64 << 20;

/// A file that holds versions.
pub(crate) struct Held {
    /// Its path, as the user's or as it was found.
    pub(crate) path: PathBuf,
    /// The same as reports name it.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
    pub(crate) found: FileVersions,
    /// Whether its own version is one of the project's. Not of a member of a workspace that nobody named.
    is_meant: bool,
}

/// All files, and what they say of packages.
pub(crate) struct Project {
    pub(crate) files: Vec<Held>,
    /// How the places in files are called.
    pub(crate) names: Names,
    /// The version that each package has whose version is one of the project's.
    packages: BTreeMap<String, String>,
}

impl Project {
    /// Reads the files that are named, or those that are there.
    ///
    /// # Errors
    /// When one cannot be read, or is not what it should be, or there is none that holds a version.
    pub(crate) fn read(args: &Files, cx: &Context, report: &mut Report) -> Result<Self, Error> {
        let names = Names { ini_key: args.platformio_key.clone(), macro_name: args.version_macro.clone() };
        let mut project = Self { files: Vec::new(), names, packages: BTreeMap::new() };
        if args.file.is_empty() {
            project.discover(cx, report)?;
        } else {
            for path in cx.expand(&args.file, report)? {
                project.add_named(&path, cx)?;
            }
        }
        if !project.files.iter().any(|file| file.is_meant && file.found.own().next().is_some()) {
            return Err(Error::input("there is no file with a version").hint(
                "name it with --file; without that, files such as version.txt, Cargo.toml and package.json are looked for in the folder of the run",
            ));
        }
        for at in 0..project.files.len() {
            project.add_locks(at, cx)?;
            project.add_members(at, cx, report)?;
        }
        project.packages = project.packages();
        Ok(project)
    }

    fn discover(&mut self, cx: &Context, report: &mut Report) -> Result<(), Error> {
        let folder = cx.folder(Path::new("."))?;
        for name in Kind::NAMED {
            let path = PathBuf::from(name);
            let bytes = folder.read(name, MOST).map_err(|error| cx.unreadable(&path, &error))?;
            let (Some(_), Some(kind)) = (bytes, Kind::of(name)) else { continue };
            // Read as an input, which no other output of the run may replace.
            let bytes = cx.open(&path)?.to_vec();
            let held = self.judge(path, kind, bytes, cx)?;
            if let (None, Some(why)) = (held.found.own().next(), held.found.without) {
                let message = format!("{} holds no version: {why}", held.name);
                let finding = Finding::new("version/no-version", Level::Note, &held.name, message);
                report.add_finding(finding.at(Some(Location::file(&held.name))));
            }
            self.files.push(held);
        }
        Ok(())
    }

    fn add_named(&mut self, path: &Path, cx: &Context) -> Result<(), Error> {
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(kind) = Kind::of(&file_name) else {
            return Err(Error::usage(format!("{}: it is not known where such a file holds a version", path.display()))
                .hint("files are known by their names: version.txt, Cargo.toml, pyproject.toml, package.json, CMakeLists.txt, idf_component.yml, library.json, library.properties, platformio.ini, and headers"));
        };
        let bytes = cx.open(path)?.to_vec();
        let held = self.judge(path.to_owned(), kind, bytes, cx)?;
        // What a lock file holds is that of its manifest; and of a member that of its workspace.
        let may_be_without = held.found.inherits || kind == Kind::CargoLock;
        if let (None, Some(why), false) = (held.found.own().next(), held.found.without, may_be_without) {
            return Err(Error::input(format!("{}: there is no version in it: {why}", held.name))
                .hint("write a first version there by hand, or leave the file out"));
        }
        self.files.push(held);
        Ok(())
    }

    fn judge(&self, path: PathBuf, kind: Kind, bytes: Vec<u8>, cx: &Context) -> Result<Held, Error> {
        let name = cx.display_path(&path);
        let found = read(kind, &bytes, &self.names).context(name.clone())?;
        Ok(Held { path, name, kind, bytes, found, is_meant: true })
    }

    fn knows(&self, path: &Path, cx: &Context) -> bool {
        self.files.iter().any(|file| cx.resolve(&file.path) == cx.resolve(path))
    }

    /// The lock files beside a manifest that holds a version; of a member of a Rust workspace that is the one of a folder above.
    fn add_locks(&mut self, at: usize, cx: &Context) -> Result<(), Error> {
        let Some(file) = self.files.get(at) else { return Ok(()) };
        let (kind, path) = (file.kind, file.path.clone());
        let above = if kind == Kind::CargoToml { usize::MAX } else { 1 };
        for name in kind.locks() {
            for folder in path.ancestors().skip(1).take(above) {
                if self.add_lock(folder, name, cx)? || cx.resolve(folder) == cx.root() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Adds the lock file of a name, if it is in a folder; whether it is.
    fn add_lock(&mut self, folder: &Path, name: &str, cx: &Context) -> Result<bool, Error> {
        let path = folder.join(name);
        if self.knows(&path, cx) {
            return Ok(true);
        }
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let is_there =
            cx.folder(folder)?.read(name, MOST).map_err(|error| cx.unreadable(&path, &error))?.is_some();
        if let (true, Some(kind)) = (is_there, Kind::of(name)) {
            let bytes = cx.open(&path)?.to_vec();
            let held = self.judge(path, kind, bytes, cx)?;
            self.files.push(held);
        }
        Ok(is_there)
    }

    /// The manifests of the members of a workspace: they may take its version, or ask for each other's.
    fn add_members(&mut self, at: usize, cx: &Context, report: &mut Report) -> Result<(), Error> {
        let Some(file) = self.files.get(at) else { return Ok(()) };
        let folder = file.path.parent().map(Path::to_owned).unwrap_or_default();
        let patterns: Vec<String> = file
            .found
            .members
            .iter()
            .map(|member| folder.join(member).join("Cargo.toml").to_string_lossy().into_owned())
            .collect();
        if patterns.is_empty() {
            return Ok(());
        }
        for path in cx.expand(&patterns, report)? {
            if self.knows(&path, cx) {
                continue;
            }
            let bytes = cx.open(&path)?.to_vec();
            let mut held = self.judge(path, Kind::CargoToml, bytes, cx)?;
            held.is_meant = false;
            self.files.push(held);
        }
        Ok(())
    }

    /// The versions of packages: their own where it is one of the project's, or that of their workspace.
    fn packages(&self) -> BTreeMap<String, String> {
        let own = |file: &Held, what: &str| {
            file.found.own().find(|place| place.what == what).map(|place| place.text.clone())
        };
        let manifests = || self.files.iter().filter(|file| file.kind == Kind::CargoToml);
        let of_workspace =
            manifests().filter(|file| file.is_meant).find_map(|file| own(file, "workspace.package.version"));
        let mut packages = BTreeMap::new();
        for file in manifests() {
            let version = match (file.found.inherits, file.is_meant) {
                (true, _) => of_workspace.clone(),
                (false, true) => own(file, "package.version"),
                (false, false) => None,
            };
            if let (Some(name), Some(version)) = (&file.found.package, version) {
                packages.insert(name.clone(), version);
            }
        }
        packages
    }

    /// The places of a file that have to hold the version of the project.
    pub(crate) fn places<'a>(&'a self, file: &'a Held) -> impl Iterator<Item = &'a Place> {
        file.found.places.iter().filter(move |place| match &place.role {
            Role::Own => file.is_meant,
            Role::Lock(name) | Role::Pin(name) => self.packages.contains_key(name),
        })
    }

    /// The places that hold a file's own version.
    pub(crate) fn own(&self) -> impl Iterator<Item = (&Held, &Place)> {
        let meant = self.files.iter().filter(|file| file.is_meant);
        meant.flat_map(|file| file.found.own().map(move |place| (file, place)))
    }

    /// The version that the files have: that of the first that has a whole one, or the numbers of one.
    pub(crate) fn version(&self, scheme: Scheme) -> Option<(Version, &Held, &Place)> {
        let whole = [Form::Whole, Form::Python, Form::Core];
        for form in whole {
            for (file, place) in self.own().filter(|(_, place)| place.form == form) {
                if let Ok(version) = Version::parse(&place.text, scheme) {
                    return Some((version, file, place));
                }
            }
        }
        for (file, first) in self.own().filter(|(_, place)| place.form == Form::Number(0)) {
            let number = |number| {
                let mut own = file.found.own();
                own.find(|place| place.form == Form::Number(number)).map(|place| place.text.as_str())
            };
            let numbers: Vec<&str> = (0..3).map_while(number).collect();
            if let Ok(version) = Version::parse(&numbers.join("."), scheme) {
                return Some((version, file, first));
            }
        }
        None
    }
}

/// A version as files are given it.
pub(crate) fn new_version(version: &Version) -> NewVersion {
    NewVersion {
        text: version.to_string(),
        numbers: version.numbers().to_vec(),
        prerelease: version.prerelease().to_owned(),
    }
}
