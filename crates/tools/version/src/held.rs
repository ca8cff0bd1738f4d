//! The files of a project that hold its version, all of them read and judged before one is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lw_cli::{Context, Error, ResultExt};
use lw_model::lists::filled;
use lw_model::{Finding, Level, Location, Report};
use lw_version_files::{
    FileVersions, Form, Kind, Names, NewVersion, PNPM_WORKSPACE, Place, Role, pnpm_members, read,
};
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
    /// Whether its own version is one of the project's. Not of a member of a workspace that nobody named, but for those of npm, which
    /// cannot take the version of their workspace and are kept in step with it.
    is_meant: bool,
}

/// All files, and what they say of packages.
pub(crate) struct Project {
    pub(crate) files: Vec<Held>,
    /// How the places in files are called.
    pub(crate) names: Names,
    /// The names of the packages whose version is one of the project's, by the kind of their manifests.
    packages: BTreeMap<Kind, BTreeSet<String>>,
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
        }
        let in_step = args.file.is_empty();
        for at in 0..project.files.len() {
            project.add_members(at, in_step, cx, report)?;
        }
        project.packages = project.packages();
        Ok(project)
    }

    fn discover(&mut self, cx: &Context, report: &mut Report) -> Result<(), Error> {
        let folder = cx.folder(Path::new("."))?;
        for name in Kind::NAMED {
            let path = PathBuf::from(name);
            let bytes = folder.read(name, MOST).map_err(|error| cx.unreadable(&path, &error))?;
            let (Some(bytes), Some(kind)) = (bytes, Kind::of(name)) else { continue };
            cx.files().protect(&path)?;
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

    /// The lock files beside a manifest that holds a version; of a member of a workspace that is the one of a folder above.
    fn add_locks(&mut self, at: usize, cx: &Context) -> Result<(), Error> {
        let Some(file) = self.files.get(at) else { return Ok(()) };
        let (kind, path) = (file.kind, file.path.clone());
        for name in kind.locks() {
            for (place, folder) in path.ancestors().skip(1).enumerate() {
                if self.add_lock(folder, name, place == 0, cx)? || cx.resolve(folder) == cx.root() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Adds the lock file of a name, if it is in a folder; whether it is. Of one above only what it says of the member counts.
    fn add_lock(&mut self, folder: &Path, name: &str, is_beside: bool, cx: &Context) -> Result<bool, Error> {
        let path = folder.join(name);
        if let Some(known) = self.files.iter_mut().find(|file| cx.resolve(&file.path) == cx.resolve(&path)) {
            known.is_meant |= is_beside;
            return Ok(true);
        }
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let bytes = cx.folder(folder)?.read(name, MOST).map_err(|error| cx.unreadable(&path, &error))?;
        let (Some(bytes), Some(kind)) = (bytes, Kind::of(name)) else { return Ok(false) };
        cx.files().protect(&path)?;
        let held = self.judge(path, kind, bytes, cx)?;
        self.files.push(Held { is_meant: is_beside, ..held });
        Ok(true)
    }

    /// The manifests of the members of a workspace: they may take its version, or ask for each other's. Those of npm are kept
    /// `in_step` with a workspace that has a version.
    fn add_members(
        &mut self,
        at: usize,
        in_step: bool,
        cx: &Context,
        report: &mut Report,
    ) -> Result<(), Error> {
        let Some(file) = self.files.get(at) else { return Ok(()) };
        let kind = file.kind;
        let is_meant = in_step && kind == Kind::PackageJson && file.found.own().next().is_some();
        let folder = file.path.parent().map(Path::to_owned).unwrap_or_default();
        // pnpm has a list of its own, and reads no other; who uses another program beside it has both.
        let mut members = expanded(&folder, &file.found.members, kind, cx, report)?;
        if kind == Kind::PackageJson {
            let own = pnpm_list(&folder, cx)?;
            members.extend(expanded(&folder, &own, kind, cx, report)?);
        }
        for path in members {
            let is_installed = path.components().any(|part| part.as_os_str() == "node_modules");
            if is_installed || self.knows(&path, cx) {
                continue;
            }
            let bytes = cx.open(&path)?.to_vec();
            let mut held = self.judge(path, kind, bytes, cx)?;
            held.is_meant = is_meant;
            self.files.push(held);
        }
        Ok(())
    }

    /// The packages whose version is one of the project's: their own, or that of their workspace.
    fn packages(&self) -> BTreeMap<Kind, BTreeSet<String>> {
        let has = |file: &Held, what: &str| file.found.own().any(|place| place.what == what);
        let manifests = |kind| self.files.iter().filter(move |file| file.kind == kind);
        let of_workspace =
            manifests(Kind::CargoToml).any(|file| file.is_meant && has(file, "workspace.package.version"));
        let cargo = manifests(Kind::CargoToml).filter(|file| match (file.found.inherits, file.is_meant) {
            (true, _) => of_workspace,
            (false, is_meant) => is_meant && has(file, "package.version"),
        });
        let npm = manifests(Kind::PackageJson).filter(|file| file.is_meant && has(file, "version"));
        let names = |files: Vec<&Held>| filled(files.iter().filter_map(|file| file.found.package.clone()));
        filled([(Kind::CargoToml, names(cargo.collect())), (Kind::PackageJson, names(npm.collect()))])
    }

    /// Whether a package that a file names is one of those.
    fn is_own(&self, file: &Held, package: &str) -> bool {
        let manifest = match file.kind {
            Kind::CargoToml | Kind::CargoLock => Kind::CargoToml,
            Kind::PackageJson | Kind::PackageLock => Kind::PackageJson,
            _ => return false,
        };
        self.packages.get(&manifest).is_some_and(|names| names.contains(package))
    }

    /// The places of a file that have to hold the version of the project.
    pub(crate) fn places<'a>(&'a self, file: &'a Held) -> impl Iterator<Item = &'a Place> {
        file.found.places.iter().filter(move |place| match &place.role {
            Role::Own => file.is_meant,
            Role::Lock(name) | Role::Pin(name) => self.is_own(file, name),
        })
    }

    /// The places that hold a file's own version.
    pub(crate) fn own(&self) -> impl Iterator<Item = (&Held, &Place)> {
        let meant = self.files.iter().filter(|file| file.is_meant);
        meant.flat_map(|file| file.found.own().map(move |place| (file, place)))
    }

    /// How many places make up the version that the files have, and so cannot disagree with it: one, or its numbers in a header.
    pub(crate) fn standing_for(&self, scheme: Scheme) -> usize {
        match self.version(scheme) {
            Some((_, file, place)) if place.form == Form::Number(0) => {
                file.found.own().filter(|place| matches!(place.form, Form::Number(_))).count()
            }
            Some(_) => 1,
            None => 0,
        }
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

/// The manifests of members that are listed as patterns; those of npm that begin with `!` are taken out again.
fn expanded(
    folder: &Path,
    listed: &[String],
    kind: Kind,
    cx: &Context,
    report: &mut Report,
) -> Result<Vec<PathBuf>, Error> {
    let name = match kind {
        Kind::CargoToml => "Cargo.toml",
        Kind::PackageJson => "package.json",
        _ => return Ok(Vec::new()),
    };
    let manifests = |member: &str| folder.join(member).join(name).to_string_lossy().into_owned();
    let (mut patterns, mut without) = (Vec::new(), Vec::new());
    for member in listed {
        match member.strip_prefix('!').filter(|_| kind == Kind::PackageJson) {
            Some(member) => without.push(manifests(member)),
            None => patterns.push(manifests(member)),
        }
    }
    if patterns.is_empty() {
        return Ok(Vec::new());
    }
    let mut members = cx.expand(&patterns, report)?;
    let mut excluded = BTreeSet::new();
    for pattern in without {
        // What is taken out need not be there.
        excluded.extend(cx.expand(&[pattern], &mut Report::new("version", "")).unwrap_or_default());
    }
    members.retain(|path| !excluded.contains(path));
    Ok(members)
}

/// What `pnpm-workspace.yaml` lists, where a folder has one.
fn pnpm_list(folder: &Path, cx: &Context) -> Result<Vec<String>, Error> {
    let path = folder.join(PNPM_WORKSPACE);
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let bytes =
        cx.folder(folder)?.read(PNPM_WORKSPACE, MOST).map_err(|error| cx.unreadable(&path, &error))?;
    let Some(bytes) = bytes else { return Ok(Vec::new()) };
    pnpm_members(&bytes).context(cx.display_path(&path))
}

/// A version as files are given it.
pub(crate) fn new_version(version: &Version) -> NewVersion {
    NewVersion {
        text: version.to_string(),
        numbers: version.numbers().to_vec(),
        prerelease: version.prerelease().to_owned(),
    }
}
