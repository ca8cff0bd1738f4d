//! `generate`: the bill of materials of a project.
//!
//! Files are found ([`find`]) and read by `lw-dependencies`; their inventories become one, under one root ([`product`]).
//! What `lw.toml` says is added ([`declared`]), and what the files of a firmware say ([`firmware`]). The document is written
//! when all of that was possible.

mod declared;
mod find;
mod firmware;
mod folder;
mod product;
mod repository;

use std::path::Path;

use lw_bom::{About, Document, Lifecycle};
use lw_cli::{Context, Error};
use lw_dependencies::{Options, Places, Tree};
use lw_inventory::{Inventory, Kind, LicenceText, Unknown};
use lw_model::{Fact, Finding, Level, Report, Verdict};

pub(crate) use self::declared::SECTIONS;
use self::find::Found;
use self::folder::Folder;
use crate::args::Generate;
use crate::{licences, limits, measures, output, scores, tables};

/// Runs the command.
///
/// # Errors
/// When a file cannot be read, nothing is found, or the bill cannot be written.
pub(crate) fn run(
    args: &Generate,
    baseline: Option<&Report>,
    cx: &mut Context,
    report: &mut Report,
) -> Result<(), Error> {
    if let Some(path) = &args.output.output {
        // A bill that is part of the project is none of what it is made from.
        cx.files().allow_replacing(path);
    }
    let (document, skipped) = document(args, cx, report)?;
    tables::skipped(&skipped, report);
    // What is told of the bill is what others will read in it.
    let written = output::put(&document, &args.output)?;
    let inventory = &document.inventory;
    if let Some(product) = inventory.root().and_then(|root| inventory.get(root)) {
        let name = if product.kind == Kind::Firmware { "firmware" } else { "product" };
        let value = lw_bom::title_of(product);
        report.facts.insert(0, Fact { name: name.to_owned(), subject: None, value });
    }
    measures::add(inventory, report);
    let format = output::format(&args.output);
    scores::add(&written.document, format, &args.standards.standard, None, report);
    let policy = licences::policy(&args.policy)?;
    let foreign = inventory
        .iter()
        .filter(|(id, component)| inventory.root() != Some(*id) && !component.source.is_local());
    licences::judge(&policy, &args.policy, foreign.map(|(_, component)| component), None, report);
    limits::settle(&args.limits, baseline, cx, report)?;
    tables::add(inventory, baseline, report);
    let graph = tables::mermaid(inventory);
    if !inventory.is_empty() {
        cx.add_diagram("Graph of the components", graph.clone());
    }
    cx.set_format("mermaid", graph);
    unknowns(inventory, report);
    let components = inventory.len();
    cx.figure(format!("{components} component{}", if components == 1 { "" } else { "s" }));
    if !inventory.unknowns.is_empty() {
        cx.figure(format!("{} unknown", inventory.unknowns.len()));
    }
    cx.output("components", components.to_string());
    output::write(&written, &args.output, cx, report)
}

/// Puts the document together, and says what was left out on the way.
fn document(
    args: &Generate,
    cx: &Context,
    report: &mut Report,
) -> Result<(Document, Vec<(String, String)>), Error> {
    let project = Folder(cx.folder(&args.path)?);
    let firmware = firmware::read(args, cx, report)?;
    let Found { inputs, skipped, unlocked } = find::find(args, &project)?;
    let cargo_home = home(args.cargo_home.as_deref(), "CARGO_HOME", ".cargo", cx)?;
    let platformio = home(args.platformio_core_dir.as_deref(), "PLATFORMIO_CORE_DIR", ".platformio", cx)?;
    let go_modules = home(args.go_mod_cache.as_deref(), "GOMODCACHE", "go/pkg/mod", cx)?;
    fn tree<'a>(folder: Option<&'a Folder<'_>>) -> Option<&'a dyn Tree> {
        folder.map(|folder| folder as &dyn Tree)
    }
    let places = Places {
        project: &project,
        cargo_home: tree(cargo_home.as_ref()),
        platformio_core: tree(platformio.as_ref()),
        go_modules: tree(go_modules.as_ref()),
    };
    let (submodules, origin) = repository::submodules(&args.path, cx);
    let name = repository::name(&args.path, origin.as_deref(), cx).or_else(|| project.0.name());
    let options = Options {
        environments: args.environment.clone(),
        targets: args.target.clone(),
        packages: args.package.clone(),
        features: args.feature.clone(),
        no_default_features: args.no_default_features,
        submodules,
        origin,
        hash_archives: args.hash_archives,
    };

    let mut inventories: Vec<(String, Inventory)> = Vec::new();
    let mut errors: Vec<Error> = Vec::new();
    let progress = cx.progress("Reading dependencies", Some(inputs.len() as u64));
    for (reader, path) in &inputs {
        progress.say(path);
        match (reader.read)(&places, path, &options) {
            Ok(inventory) => {
                report.facts.push(Fact { name: reader.name.to_owned(), subject: None, value: path.clone() });
                inventories.push((path.clone(), inventory));
            }
            Err(error) => errors.push(error.into()),
        }
        progress.advance(1);
    }
    drop(progress);
    binaries(args, cx, &mut inventories)?;
    built(args, cx, &mut inventories)?;
    // A bill without one of its inputs would pass for the whole: each fault is told, and nothing is written.
    if let Some(last) = errors.pop() {
        errors.iter().for_each(|error| cx.record_error(report, error));
        return Err(last);
    }

    let inventory = product::unite(args, name, inventories, firmware.as_ref(), report)?;
    let mut inventory = if args.no_dev { inventory.without_excluded() } else { inventory };
    for (path, why) in unlocked {
        let place = Some(lw_inventory::Place { file: path.clone(), line: None });
        inventory.unknowns.insert(Unknown { what: path, why, place });
    }
    declared::add(&mut inventory, cx)?;
    declared::supplement(&mut inventory, cx, report)?;
    let inventory = if args.only_purl { only_named(inventory) } else { inventory };
    if inventory.is_empty() && !args.allow_empty {
        return Err(nothing(args, &inputs, &inventory));
    }
    let mut lifecycles = vec![if args.build_log.is_some() { Lifecycle::Build } else { Lifecycle::PreBuild }];
    if firmware.is_some() || args.auditable.is_some() {
        lifecycles.push(Lifecycle::PostBuild);
    }
    let about = About {
        version: Some(1),
        timestamp: repository::timestamp(cx),
        tools: vec![output::this_tool()],
        lifecycles,
        licence: LicenceText::parse(lw_bom::DEFAULT_LICENCE),
        ..product::about(&args.product)
    };
    Ok((Document { about, inventory }, skipped))
}

/// Leaves the components out that nobody could look up, and says so of each.
fn only_named(inventory: Inventory) -> Inventory {
    let mut left_out = Vec::new();
    let root = inventory.root().and_then(|root| inventory.get(root)).map(lw_inventory::Component::identity);
    let mut inventory = inventory.filtered(|component| {
        let is_named = component.purl.as_ref().is_some_and(|purl| purl.version().is_some());
        if !is_named && Some(component.identity()) != root {
            left_out.push(lw_bom::title_of(component));
        }
        is_named
    });
    inventory.unknowns.extend(left_out.into_iter().map(|what| {
        let why = "it has no package URL with a version, and `only-purl` leaves such out".to_owned();
        Unknown { what, why, place: None }
    }));
    inventory
}

/// A package manager's home: as the user names it, else as the environment does.
fn home<'c>(
    named: Option<&Path>,
    variable: &str,
    below_home: &str,
    cx: &'c Context,
) -> Result<Option<Folder<'c>>, Error> {
    Ok(match named {
        Some(path) if path.as_os_str() == "none" => None,
        Some(path) => Some(Folder(cx.folder(path)?)),
        None => cx.program_home(variable, below_home).map(Folder),
    })
}

/// What `cargo auditable` left inside binaries.
fn binaries(args: &Generate, cx: &Context, inventories: &mut Vec<(String, Inventory)>) -> Result<(), Error> {
    let Some(path) = &args.auditable else { return Ok(()) };
    let shown = cx.display_path(path);
    let Some(inventory) = lw_dependencies::cargo::from_binary(&cx.open(path)?, &shown)? else {
        return Err(Error::input(format!("{shown}: it holds no list of its dependencies"))
            .hint("build it with `cargo auditable build`, or name the lock file instead"));
    };
    inventories.push((shown, inventory));
    Ok(())
}

/// Leaves of the packages that are locked those that a build took.
fn built(args: &Generate, cx: &Context, inventories: &mut [(String, Inventory)]) -> Result<(), Error> {
    let Some(path) = &args.build_log else { return Ok(()) };
    let shown = cx.display_path(path);
    let log = lw_dependencies::cargo::BuildLog::read(&cx.open(path)?, &shown)?;
    let is_cargo = |path: &str| path.rsplit('/').next() == Some("Cargo.lock");
    if !inventories.iter().any(|(path, _)| is_cargo(path)) {
        return Err(Error::usage(format!(
            "{shown}: there is no Cargo.lock whose packages it could choose from"
        ))
        .hint("name the project's folder with --path"));
    }
    for (file, inventory) in inventories.iter_mut().filter(|(path, _)| is_cargo(path)) {
        *inventory = lw_dependencies::cargo::only_built(std::mem::take(inventory), &log, file)?;
    }
    Ok(())
}

/// Why there is nothing in the bill.
fn nothing(
    args: &Generate,
    inputs: &[(&'static lw_dependencies::Reader, String)],
    inventory: &Inventory,
) -> Error {
    let folder =
        if args.path == Path::new(".") { "this folder".to_owned() } else { args.path.display().to_string() };
    let unknown: Vec<_> = inventory.unknowns.iter().map(|unknown| unknown.what.as_str()).take(5).collect();
    let message = match (inputs.first(), unknown.is_empty()) {
        (None, true) => format!("{folder}: there is no lock or project file that is read here"),
        (_, false) => format!("{folder}: not one component is known; missing are {}", unknown.join(", ")),
        (Some((_, file)), true) => format!("{file}: it lists no component"),
    };
    Error::input(message).hint(
        "name files with --file, look below with --recursive, declare what was copied in lw.toml; --allow-empty accepts a product without components",
    )
}

/// Tells what is known to be missing, each where it is named.
fn unknowns(inventory: &Inventory, report: &mut Report) {
    for unknown in &inventory.unknowns {
        let message = format!("{}: {}", unknown.what, unknown.why);
        let location = unknown.place.as_ref().map(|place| match place.line {
            Some(line) => lw_model::Location::line(&place.file, line),
            None => lw_model::Location::file(&place.file),
        });
        let finding = Finding::new("sbom/unknown", Level::Warning, &unknown.what, message);
        report.add_finding(finding.at(location));
    }
}

/// Nothing is written that a finding says is false.
pub(crate) fn may_write(report: &Report) -> bool {
    report.verdict < Verdict::Fail
}
