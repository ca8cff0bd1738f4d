//! What each standard asks for, and how it is looked for. A new field is a line in one of the lists.

use std::collections::BTreeSet;

use lw_inventory::{
    Completeness, Component, ComponentId, Contact, Distribution, HashAlgorithm, Licence, LicenceText,
    ReferenceKind,
};
use lw_model::lists::filled;

use super::words::{has_name, is_attributed, is_expression, is_reachable, is_uri, is_url, said};
use super::{Class, Standard};
use crate::{Document, Format};

/// What a field is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The bill itself.
    Document,
    /// Every component, the product among them.
    Component,
}

/// Something a standard asks for.
#[derive(Debug)]
pub struct Field {
    /// A word for it, stable across versions: `supplier`.
    pub id: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Where the standard asks for it.
    pub clause: &'static str,
    /// What would give it.
    pub fix: &'static str,
    /// Which components of TR-03183-2 have to have it.
    classes: &'static [Class],
    pub(super) check: Check,
}

/// How a field is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Check {
    Document(fn(&View<'_>) -> Answer),
    Component(fn(&View<'_>, ComponentId, &Component) -> Answer),
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Met,
    /// Why it is as good as not there.
    Missing(&'static str),
    /// Why it is not asked for.
    NotApplicable(&'static str),
}

use Answer::{Met, Missing, NotApplicable};

impl Field {
    /// Whether it is about the document or about every component.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self.check {
            Check::Document(_) => Scope::Document,
            Check::Component(_) => Scope::Component,
        }
    }

    /// The answer that does not depend on the component: a class of components that does not have the field.
    pub(super) fn answer(&self, standard: Standard, class: Class) -> Option<Answer> {
        if standard != Standard::BsiTr03183 || self.classes.contains(&class) {
            return None;
        }
        Some(NotApplicable(match class {
            Class::Logical => "a logical component is no file",
            Class::Identified => "it is not part of what is delivered",
            Class::Referenced => "another bill describes it",
            Class::Described => "the standard does not ask for it",
        }))
    }
}

/// A document, and what is needed of it more than once.
#[derive(Debug)]
pub(super) struct View<'a> {
    document: &'a Document,
    format: Format,
    reached: BTreeSet<ComponentId>,
    connected: BTreeSet<ComponentId>,
}

impl<'a> View<'a> {
    pub(super) fn new(document: &'a Document, format: Format) -> Self {
        let inventory = &document.inventory;
        let connected = filled(inventory.edges().flat_map(|(from, to)| [from, to]));
        Self { document, format, reached: inventory.reachable(), connected }
    }

    /// Every component, and how fully TR-03183-2 wants it described.
    pub(super) fn components(&self) -> impl Iterator<Item = (ComponentId, &'a Component, Class)> {
        let inventory = &self.document.inventory;
        inventory.iter().map(move |(id, component)| {
            let is_root = inventory.root() == Some(id);
            let has_dependencies = inventory.dependencies(id).next().is_some();
            (id, component, Class::of(component, is_root, has_dependencies))
        })
    }

    /// Who made the bill or answers for the product.
    fn organisations(&self) -> impl Iterator<Item = &'a Contact> {
        let about = &self.document.about;
        let root = self.document.inventory.root().and_then(|root| self.document.inventory.get(root));
        let of_root = root.into_iter().flat_map(|root| [root.manufacturer.as_ref(), root.supplier.as_ref()]);
        [about.manufacturer.as_ref(), about.supplier.as_ref()].into_iter().chain(of_root).flatten()
    }

    /// A contact of the component itself or, of the product, of the bill: CycloneDX and SPDX have these fields beside the
    /// product.
    fn contacts(&self, id: ComponentId, component: &'a Component) -> Vec<&'a Contact> {
        let mut contacts: Vec<_> = [component.manufacturer.as_ref(), component.supplier.as_ref()]
            .into_iter()
            .flatten()
            .chain(&component.authors)
            .collect();
        if self.document.inventory.root() == Some(id) {
            let about = &self.document.about;
            contacts.extend([about.manufacturer.as_ref(), about.supplier.as_ref()].into_iter().flatten());
        }
        contacts
    }
}

const ALL: &[Class] = &[Class::Described, Class::Logical, Class::Identified, Class::Referenced];
const WITH_IDENTIFIER: &[Class] = &[Class::Described, Class::Logical, Class::Identified];
const WITH_LICENCE: &[Class] = &[Class::Described, Class::Logical];
const FILES: &[Class] = &[Class::Described];

const fn document(
    id: &'static str,
    title: &'static str,
    clause: &'static str,
    fix: &'static str,
    check: fn(&View<'_>) -> Answer,
) -> Field {
    Field { id, title, clause, fix, classes: ALL, check: Check::Document(check) }
}

const fn component(
    id: &'static str,
    title: &'static str,
    clause: &'static str,
    fix: &'static str,
    check: fn(&View<'_>, ComponentId, &Component) -> Answer,
) -> Field {
    Field { id, title, clause, fix, classes: ALL, check: Check::Component(check) }
}

impl Field {
    const fn only(self, classes: &'static [Class]) -> Self {
        Self { classes, ..self }
    }
}

const FIX_AUTHOR: &str = "name who makes the bill: `supplier-name` or `manufacturer-name`";
const FIX_REACHABLE: &str =
    "give `security-contact`, or `supplier-url` or `manufacturer-url`, beside the name of the supplier";
const FIX_TIMESTAMP: &str = "write the bill with `generate`, or set SOURCE_DATE_EPOCH for its generator";
const FIX_SUPPLIER: &str = "give the component's supplier in lw.toml; that of the product is `supplier-name`";
const FIX_CREATOR: &str = "give the component's manufacturer with an address in lw.toml; that of the product is `manufacturer-url` or `supplier-url`";
const FIX_NAME: &str = "name it in its manifest, or the product with `name`";
const FIX_VERSION: &str =
    "give its version in its manifest or in lw.toml, that of the product with `version`";
const FIX_IDENTIFIER: &str =
    "give a package URL or a CPE in lw.toml, that of the product with `purl` or `cpe`";
const FIX_DEPENDENCIES: &str = "give the lock file, which has the edges, instead of a list of requirements";
const FIX_LICENCE: &str = "install the packages before the run, or give an SPDX expression in lw.toml, that of the product with `license`";
const FIX_HASH: &str =
    "use a lock file with hashes; of the product, give the file that is shipped with `bin` or `elf`";
const FIX_FILE: &str = "of the product, give the file that is shipped with `bin` or `elf`; of a component, describe its file in lw.toml";
const FIX_SERIAL: &str = "write the bill with `generate`, which gives it an identifier";
const FIX_TOOL: &str = "write the bill with a generator that names itself";
const FIX_LIFECYCLE: &str =
    "write the bill with `generate`, which says whether it was made before the build or after it";
const FIX_SOURCE: &str = "give the address of its repository or of its source in its manifest or in lw.toml";
const FIX_DEPLOYABLE: &str =
    "give the address it is downloaded from, that of the product with `distribution-url`";

/// "The Minimum Elements", table 1.
const NTIA_2021: &[Field] = &[
    component("supplier", "supplier name", "data fields: supplier name", FIX_SUPPLIER, supplier_name),
    component("name", "component name", "data fields: component name", FIX_NAME, name),
    component("version", "version", "data fields: version of the component", FIX_VERSION, version),
    component(
        "identifier",
        "unique identifier",
        "data fields: other unique identifiers",
        FIX_IDENTIFIER,
        identifier,
    ),
    component(
        "dependencies",
        "dependency relationship",
        "data fields: dependency relationship",
        FIX_DEPENDENCIES,
        relationship,
    ),
    document("author", "author of the bill", "data fields: author of SBOM data", FIX_AUTHOR, author),
    document("timestamp", "timestamp", "data fields: timestamp", FIX_TIMESTAMP, timestamp),
];

/// The draft of August 2025, "data fields" and "practices and processes".
const CISA_2025: &[Field] = &[
    document("author", "author of the bill", "data fields: SBOM author", FIX_AUTHOR, author),
    component("producer", "software producer", "data fields: software producer", FIX_SUPPLIER, producer),
    component("name", "component name", "data fields: component name", FIX_NAME, name),
    component("version", "component version", "data fields: component version", FIX_VERSION, version),
    component(
        "identifier",
        "software identifier",
        "data fields: software identifiers",
        FIX_IDENTIFIER,
        identifier,
    ),
    component("hash", "component hash", "data fields: component hash", FIX_HASH, secure_hash),
    component("licence", "licence", "data fields: license", FIX_LICENCE, licence),
    component(
        "dependencies",
        "dependency relationship",
        "data fields: dependency relationship",
        FIX_DEPENDENCIES,
        relationship,
    ),
    document("tool", "name of the tool", "data fields: tool name", FIX_TOOL, tool),
    document("timestamp", "timestamp", "data fields: timestamp", FIX_TIMESTAMP, timestamp),
    document("context", "generation context", "data fields: generation context", FIX_LIFECYCLE, lifecycle),
    component(
        "known-unknowns",
        "known unknowns",
        "practices and processes: known unknowns",
        FIX_DEPENDENCIES,
        completeness,
    ),
];

/// TR-03183-2 2.1.0, sections 5.2.1 to 5.2.4, tables 2 to 5.
const BSI_TR_03183: &[Field] = &[
    document("sbom-creator", "creator of the bill", "5.2.1", FIX_REACHABLE, reachable_author),
    document("timestamp", "timestamp", "5.2.1", FIX_TIMESTAMP, timestamp),
    document("sbom-uri", "URI of the bill", "5.2.3", FIX_SERIAL, serial),
    component("creator", "component creator", "5.2.2", FIX_CREATOR, reachable_creator),
    component("name", "component name", "5.2.2", FIX_NAME, name),
    component("version", "component version", "5.2.2", FIX_VERSION, version),
    component("filename", "filename", "5.2.2", FIX_FILE, filename).only(FILES),
    component("dependencies", "dependencies and their completeness", "5.2.2", FIX_DEPENDENCIES, completeness)
        .only(WITH_LICENCE),
    component("distribution-licence", "distribution licence", "5.2.2", FIX_LICENCE, distribution_licence)
        .only(WITH_LICENCE),
    component("deployable-hash", "SHA-512 of the deployable component", "5.2.2", FIX_FILE, deployable_hash)
        .only(FILES),
    component("executable", "executable property", "5.2.2", FIX_FILE, executable).only(FILES),
    component("archive", "archive property", "5.2.2", FIX_FILE, archive).only(FILES),
    component("structured", "structured property", "5.2.2", FIX_FILE, structured).only(FILES),
    component("source-uri", "URI of the source code", "5.2.4", FIX_SOURCE, source_uri).only(FILES),
    component("deployable-uri", "URI of the deployable form", "5.2.4", FIX_DEPLOYABLE, deployable_uri)
        .only(FILES),
    component("identifier", "other unique identifiers", "5.2.4", FIX_IDENTIFIER, identifier)
        .only(WITH_IDENTIFIER),
    component("original-licence", "original licence", "5.2.4", FIX_LICENCE, original_licence)
        .only(WITH_LICENCE),
];

/// Annex I part II (1): components and dependencies, machine-readable; annex II 1 and 2: the manufacturer, and where
/// vulnerabilities are reported. Licences are ENISA's advice, and part of the benchmarks of the field.
const CRA: &[Field] = &[
    document("manufacturer", "name of the manufacturer", "annex II (1)", FIX_AUTHOR, manufacturer),
    document(
        "contact",
        "contact for vulnerabilities",
        "annex II (2), annex I part II (6)",
        FIX_REACHABLE,
        security_contact,
    ),
    document("serial", "identifier of the bill", "annex I part II (1)", FIX_SERIAL, serial),
    document("timestamp", "timestamp", "annex I part II (1)", FIX_TIMESTAMP, timestamp),
    document("tool", "name of the tool", "annex I part II (1)", FIX_TOOL, tool),
    component("dependencies", "dependencies", "annex I part II (1)", FIX_DEPENDENCIES, relationship),
    component("identifier", "identifier", "annex I part II (1)", FIX_IDENTIFIER, identifier),
    component("licence", "licence", "ENISA's recommendation", FIX_LICENCE, licence),
];

pub(super) fn of(standard: Standard) -> &'static [Field] {
    match standard {
        Standard::Ntia2021 => NTIA_2021,
        Standard::Cisa2025 => CISA_2025,
        Standard::BsiTr03183 => BSI_TR_03183,
        Standard::Cra => CRA,
    }
}

fn met_if(met: bool, why: &'static str) -> Answer {
    if met { Met } else { Missing(why) }
}

// The document.

/// Whoever made the bill: a person or an organisation. A program is asked for apart from that.
fn author(view: &View<'_>) -> Answer {
    let about = &view.document.about;
    let named = about.authors.iter().chain(view.organisations()).any(has_name);
    met_if(named, "nobody is named who made the bill")
}

fn reachable_author(view: &View<'_>) -> Answer {
    let about = &view.document.about;
    let own = [about.manufacturer.as_ref(), about.supplier.as_ref()].into_iter().flatten();
    let mut creators = about.authors.iter().chain(own).peekable();
    if creators.peek().is_none() {
        return Missing("nobody is named who made the bill");
    }
    met_if(
        creators.any(is_reachable),
        "its creator has neither an email nor a web address; a name is not enough",
    )
}

fn manufacturer(view: &View<'_>) -> Answer {
    met_if(view.organisations().any(has_name), "no organisation is named that makes or supplies the product")
}

fn security_contact(view: &View<'_>) -> Answer {
    let root = view.document.inventory.root().and_then(|root| view.document.inventory.get(root));
    let policies = root.into_iter().flat_map(|root| &root.references);
    let has_policy = policies
        .filter(|reference| reference.kind == ReferenceKind::SecurityContact)
        .any(|reference| is_url(&reference.url) || reference.url.starts_with("mailto:"));
    let met = has_policy || view.organisations().any(is_reachable);
    met_if(met, "there is no address to report a vulnerability to")
}

fn timestamp(view: &View<'_>) -> Answer {
    match said(view.document.about.timestamp.as_deref()) {
        None => Missing("there is none"),
        Some(text) => met_if(lw_inventory::whole_seconds(text).is_some(), "it is no time of RFC 3339"),
    }
}

fn serial(view: &View<'_>) -> Answer {
    match said(view.document.about.serial.as_deref()) {
        None => Missing("there is none"),
        Some(text) => met_if(is_uri(text), "it is no URI"),
    }
}

fn tool(view: &View<'_>) -> Answer {
    let named = view.document.about.tools.iter().any(|tool| said(Some(&tool.name)).is_some());
    met_if(named, "no program is named that made the bill")
}

fn lifecycle(view: &View<'_>) -> Answer {
    met_if(!view.document.about.lifecycles.is_empty(), "nothing says when in the product's life it was made")
}

// A component.

fn name(_: &View<'_>, _: ComponentId, component: &Component) -> Answer {
    met_if(said(Some(&component.name)).is_some(), "it has no name")
}

fn version(_: &View<'_>, _: ComponentId, component: &Component) -> Answer {
    met_if(said(component.version.as_deref()).is_some(), "it has no version")
}

fn supplier_name(view: &View<'_>, id: ComponentId, component: &Component) -> Answer {
    let is_root = view.document.inventory.root() == Some(id);
    let of_bill = view.document.about.supplier.as_ref().or(view.document.about.manufacturer.as_ref());
    let supplier = component.supplier.as_ref().or(of_bill.filter(|_| is_root));
    met_if(supplier.is_some_and(has_name), "no supplier is named")
}

fn producer(view: &View<'_>, id: ComponentId, component: &Component) -> Answer {
    let named = view.contacts(id, component).into_iter().any(has_name);
    met_if(named, "no producer, supplier or author is named")
}

fn reachable_creator(view: &View<'_>, id: ComponentId, component: &Component) -> Answer {
    let contacts = view.contacts(id, component);
    if contacts.is_empty() {
        return Missing("no creator is named");
    }
    let reachable = contacts.into_iter().any(is_reachable);
    met_if(reachable, "its creator has neither an email nor a web address; a name is not enough")
}

fn identifier(_: &View<'_>, _: ComponentId, component: &Component) -> Answer {
    let has_cpe = component.cpe.as_deref().is_some_and(|cpe| {
        // `cpe:2.3:` and eleven parts, or the URI form `cpe:/a:vendor:product` (NISTIR 7695).
        let formatted = cpe.strip_prefix("cpe:2.3:").is_some_and(|rest| unescaped_colons(rest) == 10);
        formatted || cpe.strip_prefix("cpe:/").is_some_and(|rest| rest.split(':').count() >= 3)
    });
    met_if(component.purl.is_some() || has_cpe, "it has neither a package URL nor a CPE")
}

fn unescaped_colons(text: &str) -> usize {
    let mut escaped = false;
    let mut colons = 0;
    for c in text.chars() {
        colons += usize::from(c == ':' && !escaped);
        escaped = c == '\\' && !escaped;
    }
    colons
}

/// Whether a component has its place in the graph. That some package is described by the document is not enough.
fn relationship(view: &View<'_>, id: ComponentId, component: &Component) -> Answer {
    let inventory = &view.document.inventory;
    if inventory.root() == Some(id) {
        let alone_and_known = inventory.is_empty() && component.dependencies_known == Completeness::Complete;
        let has_edges = inventory.dependencies(id).next().is_some();
        return met_if(
            has_edges || alone_and_known,
            "the product depends on nothing, and nothing says that this is so",
        );
    }
    if inventory.root().is_none() {
        return met_if(view.connected.contains(&id), "it is in no dependency relationship");
    }
    met_if(view.reached.contains(&id), "nothing the product depends on leads to it")
}

/// As above, and it is said whether that is all.
fn completeness(view: &View<'_>, id: ComponentId, component: &Component) -> Answer {
    match relationship(view, id, component) {
        Met => met_if(
            component.dependencies_known != Completeness::Unknown,
            "nothing says whether all it depends on is listed",
        ),
        other => other,
    }
}

fn hashes(component: &Component) -> impl Iterator<Item = HashAlgorithm> {
    let of_files = component.distributions.iter().flat_map(|distribution| &distribution.hashes);
    component.hashes.iter().chain(of_files).map(lw_inventory::Hash::algorithm)
}

/// MD5 and SHA-1 do not tell a file from one that was made to have the same hash.
fn secure_hash(_: &View<'_>, _: ComponentId, component: &Component) -> Answer {
    let is_weak = |algorithm| matches!(algorithm, HashAlgorithm::Md5 | HashAlgorithm::Sha1);
    if hashes(component).any(|algorithm| !is_weak(algorithm)) {
        return Met;
    }
    if hashes(component).next().is_some() {
        return Missing("it has only MD5 or SHA-1, for which collisions are known");
    }
    Missing("it has none")
}

fn licence(_: &View<'_>, _: ComponentId, component: &Component) -> Answer {
    let licences = [component.concluded_licence.as_ref(), component.declared_licence.as_ref()];
    if licences.into_iter().any(is_expression) {
        return Met;
    }
    no_expression(licences.into_iter().flatten().next())
}

fn no_expression(licence: Option<&LicenceText>) -> Answer {
    let is_named = licence.is_some_and(|licence| said(Some(&licence.written)).is_some());
    Missing(if is_named { "it is free text and no SPDX expression" } else { "it has none" })
}

fn attributed(licence: Option<&LicenceText>) -> Answer {
    if is_attributed(licence) {
        Met
    } else if is_expression(licence) {
        Missing("a LicenseRef- of it does not name who keeps the list it is on (LicenseRef-scancode-…)")
    } else {
        no_expression(licence)
    }
}

fn distribution_licence(_: &View<'_>, _: ComponentId, component: &Component) -> Answer {
    match attributed(component.concluded_licence.as_ref()) {
        Missing("it has none") if component.declared_licence.is_some() => {
            Missing("only the declared licence is there, and nobody concluded under which it is had")
        }
        answer => answer,
    }
}

fn original_licence(view: &View<'_>, _: ComponentId, component: &Component) -> Answer {
    let declared = component.declared_licence.as_ref();
    let is_id = |licence: &LicenceText| matches!(licence.licence, Licence::Id(_));
    let both = declared.zip(component.concluded_licence.as_ref());
    // `licenseChoice` of 1.6 is a list of licences, or one expression.
    if view.format == Format::CycloneDx16
        && both.is_some_and(|(declared, concluded)| !is_id(declared) || !is_id(concluded))
    {
        return Missing(
            "CycloneDX 1.6 has room for one expression, and that is the distribution licence: write 1.7",
        );
    }
    attributed(declared)
}

fn deployables(component: &Component) -> impl Iterator<Item = &Distribution> {
    component.distributions.iter().filter(|distribution| !distribution.is_source)
}

fn filename(_: &View<'_>, _: ComponentId, component: &Component) -> Answer {
    let property = property(component, "bsi:component:filename");
    let file = property
        .or_else(|| deployables(component).find_map(|distribution| said(distribution.file.as_deref())));
    match file {
        None => Missing("there is none"),
        Some(file) => met_if(!file.contains(['/', '\\']), "it is a path"),
    }
}

/// The hash belongs to the file that is delivered, not to the component (appendix 8.2 of the guideline).
fn deployable_hash(_: &View<'_>, _: ComponentId, component: &Component) -> Answer {
    let of_files = deployables(component).flat_map(|distribution| &distribution.hashes);
    let algorithms: Vec<_> = of_files.map(lw_inventory::Hash::algorithm).collect();
    if algorithms.contains(&HashAlgorithm::Sha512) {
        return Met;
    }
    let elsewhere = hashes(component).any(|algorithm| algorithm == HashAlgorithm::Sha512);
    Missing(if elsewhere {
        "its SHA-512 stands beside the component and not with the file that is distributed"
    } else if hashes(component).next().is_some() {
        "it has a hash, but no SHA-512"
    } else {
        "it has none"
    })
}

fn property<'a>(component: &'a Component, name: &str) -> Option<&'a str> {
    let found = component.properties.iter().find(|property| property.name == name)?;
    said(Some(&found.value))
}

fn one_of(component: &Component, name: &str, words: [&str; 2]) -> Answer {
    match property(component, name) {
        None => Missing("there is none"),
        Some(value) => met_if(words.contains(&value), "it is none of the two words of the guideline"),
    }
}

fn executable(_: &View<'_>, _: ComponentId, component: &Component) -> Answer {
    one_of(component, "bsi:component:executable", ["executable", "non-executable"])
}

fn archive(_: &View<'_>, _: ComponentId, component: &Component) -> Answer {
    one_of(component, "bsi:component:archive", ["archive", "no archive"])
}

fn structured(_: &View<'_>, _: ComponentId, component: &Component) -> Answer {
    one_of(component, "bsi:component:structured", ["structured", "unstructured"])
}

fn source_uri(_: &View<'_>, _: ComponentId, component: &Component) -> Answer {
    let archives = component.distributions.iter().filter(|distribution| distribution.is_source);
    let of_archives = archives.filter_map(|distribution| distribution.url.as_deref());
    let repositories = component.references.iter().filter(|reference| reference.kind == ReferenceKind::Vcs);
    let git = match &component.source {
        lw_inventory::Source::Git { url, .. } => Some(url.as_str()),
        _ => None,
    };
    let mut all = of_archives.chain(repositories.map(|reference| reference.url.as_str())).chain(git);
    met_if(all.any(is_uri), "there is none")
}

fn deployable_uri(_: &View<'_>, _: ComponentId, component: &Component) -> Answer {
    if component.source.is_local() {
        return NotApplicable("it is the project's own and is published nowhere by itself");
    }
    met_if(deployables(component).filter_map(|file| file.url.as_deref()).any(is_uri), "there is none")
}
