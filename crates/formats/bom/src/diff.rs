//! What changed between two bills of materials.
//!
//! Components are matched by their package URL without version and qualifiers, and without one by ecosystem, namespace and
//! name. Where a bill has several versions of one package, those that stayed are set apart first; of the rest each goes to
//! the one it has most in common with, and what is left over was added or removed.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use lw_inventory::{Component, ComponentId, Contact, Hash, Inventory, Licence, LicenceText, Scope, Source};
use lw_model::lists::sort_by_cached_key;

use crate::policy::licence_of;
use crate::{Document, version};

/// How a version changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// To a later one.
    Upgraded,
    /// To an earlier one.
    Downgraded,
    /// To another one; which is later cannot be told.
    Changed,
}

/// Something about a component that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// Its version.
    Version(Direction),
    /// Its licence: that which somebody concluded, or else the declared one.
    Licence,
    /// Who it is had from.
    Supplier,
    /// Where it comes from.
    Source,
    /// Hashes of one file.
    Hash,
    /// Whether the product needs it.
    Scope,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of what.
    pub aspect: Aspect,
    /// As it was; nothing where nothing was known.
    pub before: Option<String>,
    /// As it is.
    pub now: Option<String>,
}

/// A component that is in both bills, and not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// It, in the older bill.
    pub old: ComponentId,
    /// It, in the newer bill.
    pub new: ComponentId,
    /// What changed.
    pub changes: Vec<Change>,
}

impl Changed {
    /// How its version changed.
    #[must_use]
    pub fn direction(&self) -> Option<Direction> {
        self.changes.iter().find_map(|change| match change.aspect {
            Aspect::Version(direction) => Some(direction),
            _ => None,
        })
    }

    /// A change of a certain sort.
    #[must_use]
    pub fn of(&self, aspect: Aspect) -> Option<&Change> {
        self.changes.iter().find(|change| change.aspect == aspect)
    }

    /// What must not change while a version stays: the bytes, where they come from, who gives them. Somebody published
    /// something else under the same version, or it is had from somebody else.
    #[must_use]
    pub fn suspicious(&self) -> Vec<&Change> {
        if self.direction().is_some() {
            return Vec::new();
        }
        let is_one = |aspect: Aspect| matches!(aspect, Aspect::Hash | Aspect::Supplier | Aspect::Source);
        let both = |change: &&Change| change.before.is_some() && change.now.is_some();
        self.changes.iter().filter(|change| is_one(change.aspect)).filter(both).collect()
    }
}

/// What changed between two bills of materials.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    /// The product, where both bills have one that is not the same.
    pub product: Option<Changed>,
    /// In the newer bill only, by their names.
    pub added: Vec<ComponentId>,
    /// In the older bill only, by their names.
    pub removed: Vec<ComponentId>,
    /// In both, and not the same, by their names.
    pub changed: Vec<Changed>,
    /// How many are the same in both.
    pub unchanged: usize,
}

impl Diff {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.product.is_none() && self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// What makes two components versions of one package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    ecosystem: String,
    namespace: String,
    name: String,
    subpath: String,
}

impl Package {
    fn of(component: &Component) -> Self {
        match &component.purl {
            Some(purl) => Self {
                ecosystem: purl.kind().to_owned(),
                namespace: purl.namespace().unwrap_or_default(),
                name: purl.name().to_owned(),
                subpath: purl.subpath().unwrap_or_default(),
            },
            None => Self::named(component),
        }
    }

    fn named(component: &Component) -> Self {
        Self {
            ecosystem: component.ecosystem.clone(),
            namespace: component.namespace.clone().unwrap_or_default(),
            name: component.name.clone(),
            subpath: String::new(),
        }
    }
}

type Side<'a> = Vec<(ComponentId, &'a Component)>;

/// Compares two bills of materials. The time is that of sorting.
#[must_use]
pub fn diff(old: &Document, new: &Document) -> Diff {
    let (old, new) = (&old.inventory, &new.inventory);
    let mut result = Diff::default();
    if let (Some(before), Some(now)) = (root(old), root(new)) {
        let (changed, _) = compare(before, now);
        result.product = changed;
    }
    let mut packages: BTreeMap<Package, (Side<'_>, Side<'_>)> = BTreeMap::new();
    for (id, component) in others(old) {
        packages.entry(Package::of(component)).or_default().0.push((id, component));
    }
    for (id, component) in others(new) {
        packages.entry(Package::of(component)).or_default().1.push((id, component));
    }
    let (mut gone, mut come) = (Side::new(), Side::new());
    for (before, now) in packages.into_values() {
        match_up(before, now, &mut result, &mut gone, &mut come);
    }
    // What has a package URL in one bill only is matched by its name.
    let mut packages: BTreeMap<Package, (Side<'_>, Side<'_>)> = BTreeMap::new();
    for entry in gone {
        packages.entry(Package::named(entry.1)).or_default().0.push(entry);
    }
    for entry in come {
        packages.entry(Package::named(entry.1)).or_default().1.push(entry);
    }
    for (before, now) in packages.into_values() {
        // Two package URLs that differ are two packages.
        let one_sided = before.iter().chain(&now).any(|(_, component)| component.purl.is_none());
        let (mut gone, mut come) = (Side::new(), Side::new());
        if one_sided {
            match_up(before, now, &mut result, &mut gone, &mut come);
        } else {
            (gone, come) = (before, now);
        }
        result.removed.extend(gone.into_iter().map(|(id, _)| id));
        result.added.extend(come.into_iter().map(|(id, _)| id));
    }
    let key = |inventory: &Inventory, id: ComponentId| inventory.get(id).map(Component::identity);
    sort_by_cached_key(&mut result.added, |id| key(new, *id));
    sort_by_cached_key(&mut result.removed, |id| key(old, *id));
    sort_by_cached_key(&mut result.changed, |changed| key(new, changed.new));
    result
}

fn root(inventory: &Inventory) -> Option<(ComponentId, &Component)> {
    let id = inventory.root()?;
    Some((id, inventory.get(id)?))
}

fn others(inventory: &Inventory) -> impl Iterator<Item = (ComponentId, &Component)> {
    inventory.iter().filter(|(id, _)| Some(*id) != inventory.root())
}

/// More versions of one package than any product has.
const MANY: usize = 64;

/// Matches the versions of one package.
fn match_up<'a>(
    mut before: Side<'a>,
    mut now: Side<'a>,
    result: &mut Diff,
    gone: &mut Side<'a>,
    come: &mut Side<'a>,
) {
    let order = |(_, a): &(ComponentId, &Component), (_, b): &(ComponentId, &Component)| {
        let versions = version::compare(text(a.version.as_deref()), text(b.version.as_deref()));
        versions.unwrap_or(Ordering::Equal).then_with(|| a.identity().cmp(&b.identity()))
    };
    // An order that is none (`1` < `2`, and `main` beside both) must not make a sort go wrong, so versions are no key of it.
    sort_by_cached_key(&mut before, |(_, component)| component.identity());
    sort_by_cached_key(&mut now, |(_, component)| component.identity());
    // The same thing first, then the same version from elsewhere.
    let mut pairs = take_pairs(&mut before, &mut now, |(_, component)| {
        (component.version.clone(), component.source.clone())
    });
    pairs.extend(take_pairs(&mut before, &mut now, |(_, component)| {
        (component.version.clone(), Source::Unknown)
    }));
    if before.len() > 1 || now.len() > 1 {
        // Several versions went and several came: those of one major version belong together.
        pairs.extend(take_pairs(&mut before, &mut now, |(_, component)| major(component).to_owned()));
    }
    // Of the rest the latest with the latest; of very many, whichever comes first, so that the time stays linear.
    let exact = before.len().min(now.len()) <= MANY;
    while !before.is_empty() && !now.is_empty() {
        let latest = |side: &mut Side<'a>| if exact { take_latest(side, order) } else { side.pop() };
        let Some(pair) = latest(&mut before).zip(latest(&mut now)) else { break };
        pairs.push(pair);
    }
    for (old, new) in pairs {
        let (changed, is_same) = compare(old, new);
        result.unchanged += usize::from(is_same);
        result.changed.extend(changed);
    }
    gone.append(&mut before);
    come.append(&mut now);
}

type Pair<'a> = ((ComponentId, &'a Component), (ComponentId, &'a Component));

/// Takes those out that have one key, in their order.
fn take_pairs<'a, K: Ord>(
    before: &mut Side<'a>,
    now: &mut Side<'a>,
    key: impl Fn(&(ComponentId, &'a Component)) -> K,
) -> Vec<Pair<'a>> {
    let mut waiting: BTreeMap<K, std::collections::VecDeque<(ComponentId, &'a Component)>> = BTreeMap::new();
    for entry in before.drain(..) {
        waiting.entry(key(&entry)).or_default().push_back(entry);
    }
    let mut pairs = Vec::new();
    now.retain(|entry| match waiting.get_mut(&key(entry)).and_then(std::collections::VecDeque::pop_front) {
        Some(old) => {
            pairs.push((old, *entry));
            false
        }
        None => true,
    });
    before.extend(waiting.into_values().flatten());
    pairs
}

/// Takes the latest version out.
fn take_latest<'a>(
    side: &mut Side<'a>,
    order: impl Fn(&(ComponentId, &'a Component), &(ComponentId, &'a Component)) -> Ordering,
) -> Option<(ComponentId, &'a Component)> {
    let (at, _) = side
        .iter()
        .enumerate()
        .reduce(|latest, entry| if order(latest.1, entry.1).is_lt() { entry } else { latest })?;
    Some(side.remove(at))
}

/// The first number of a version.
fn major(component: &Component) -> &str {
    let version = text(component.version.as_deref()).trim_start_matches(['v', 'V']);
    version.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default()
}

fn text(of: Option<&str>) -> &str {
    of.unwrap_or_default()
}

/// What changed, and whether nothing did.
fn compare(old: (ComponentId, &Component), new: (ComponentId, &Component)) -> (Option<Changed>, bool) {
    let ((old, before), (new, now)) = (old, new);
    let mut changes = Vec::new();
    let mut change = |aspect, before: Option<String>, now: Option<String>| {
        if before != now {
            changes.push(Change { aspect, before, now });
        }
    };
    let direction = match version::compare(text(before.version.as_deref()), text(now.version.as_deref())) {
        Some(Ordering::Less) => Direction::Upgraded,
        Some(Ordering::Greater) => Direction::Downgraded,
        _ => Direction::Changed,
    };
    let version = |component: &Component| component.version.clone().filter(|version| !version.is_empty());
    change(Aspect::Version(direction), version(before), version(now));
    change(Aspect::Licence, licence(before), licence(now));
    change(Aspect::Supplier, supplier(before), supplier(now));
    change(Aspect::Source, source(before), source(now));
    let same_version = version(before) == version(now);
    if same_version && let Some((before, now)) = hashes(before, now) {
        change(Aspect::Hash, Some(before), Some(now));
    }
    change(Aspect::Scope, scope(before), scope(now));
    let is_same = changes.is_empty();
    ((!is_same).then_some(Changed { old, new, changes }), is_same)
}

fn licence(component: &Component) -> Option<String> {
    licence_of(component).map(|licence: &LicenceText| match &licence.licence {
        Licence::Id(text) | Licence::Expression(text) | Licence::Name(text) => text.clone(),
    })
}

fn supplier(component: &Component) -> Option<String> {
    let contact: &Contact = component.supplier.as_ref()?;
    contact.name.clone().or_else(|| contact.url.clone()).or_else(|| contact.email.clone())
}

fn scope(component: &Component) -> Option<String> {
    let word = match component.scope {
        Scope::Required => "required",
        Scope::Optional => "optional",
        Scope::Excluded => "excluded",
    };
    Some(word.to_owned())
}

/// Where it comes from, without what changes with every version.
fn source(component: &Component) -> Option<String> {
    Some(match &component.source {
        Source::Unknown => return None,
        Source::PublicRegistry => "the public registry".to_owned(),
        Source::Registry(url) => format!("registry {url}"),
        Source::Git { url, .. } => format!("repository {url}"),
        Source::Url(url) => {
            let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
            format!("download from {}", host.split('/').next().unwrap_or(host))
        }
        Source::Path(path) => format!("folder {path}"),
        Source::Bundled(with) => format!("part of {with}"),
    })
}

/// A hash of the same file that is another one now: of the component itself, or of a file with the same name or address. More
/// or fewer files and algorithms are no contradiction.
fn hashes(before: &Component, now: &Component) -> Option<(String, String)> {
    let own = contradiction(&before.hashes, &now.hashes);
    let of_files = || {
        let mut files: BTreeMap<&str, &BTreeSet<Hash>> = BTreeMap::new();
        for file in &before.distributions {
            if let Some(name) = file.file.as_deref().or(file.url.as_deref()) {
                files.insert(name, &file.hashes);
            }
        }
        now.distributions.iter().find_map(|file| {
            let name = file.file.as_deref().or(file.url.as_deref())?;
            let (before, now) = contradiction(files.get(name)?, &file.hashes)?;
            Some((format!("{before} ({name})"), format!("{now} ({name})")))
        })
    };
    own.or_else(of_files)
}

fn contradiction(before: &BTreeSet<Hash>, now: &BTreeSet<Hash>) -> Option<(String, String)> {
    // Of one algorithm there may be several: of a component that is several files.
    before.iter().find_map(|old| {
        let mut same = now.iter().filter(|new| new.algorithm() == old.algorithm()).peekable();
        let first = *same.peek()?;
        let has_any = now.iter().any(|new| before.contains(new) && new.algorithm() == old.algorithm());
        (!has_any).then(|| (old.hex().to_owned(), first.hex().to_owned()))
    })
}

#[cfg(test)]
mod tests;
