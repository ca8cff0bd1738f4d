//! The product: one root over all inventories.

use lw_bom::About;
use lw_cli::Error;
use lw_inventory::{
    Completeness, Component, ComponentId, Contact, Inventory, Kind, Reference, ReferenceKind, Source,
};
use lw_model::lists::filled;
use lw_model::{Finding, Level, Report};

use super::declared::{check_cpe, licence, purl};
use super::firmware::Firmware;
use crate::args::{Generate, ProductArgs, ProductType};

impl ProductType {
    fn kind(self) -> Kind {
        match self {
            Self::Application => Kind::Application,
            Self::Firmware => Kind::Firmware,
            Self::Library => Kind::Library,
            Self::Framework => Kind::Framework,
            Self::Container => Kind::Container,
            Self::OperatingSystem => Kind::OperatingSystem,
            Self::Device => Kind::Device,
        }
    }
}

/// Makes one inventory of several. The product is the package at the top of the project, under the name that flags, the
/// firmware, the package or else `place` (the repository or the folder it lies in) give it, in this order.
///
/// # Errors
/// When a flag says what cannot be.
pub(super) fn unite(
    args: &Generate,
    place: Option<String>,
    inventories: Vec<(String, Inventory)>,
    firmware: Option<&Firmware>,
    report: &mut Report,
) -> Result<Inventory, Error> {
    let is_top = |file: &str| !file.contains('/');
    let of = |inventory: &Inventory| inventory.root().and_then(|root| inventory.get(root)).cloned();
    let named = |file: &str, inventory: &Inventory| {
        let root = of(inventory)?;
        (is_top(file) && !root.name.is_empty()).then_some(root)
    };
    // Of several packages at the top the first names the product, and the others are parts of it.
    let package = inventories.iter().find_map(|(file, inventory)| named(file, inventory));
    let only = match inventories.as_slice() {
        [(_, inventory)] => of(inventory).filter(|root| !root.name.is_empty()),
        _ => None,
    };
    let package = package.or(only);
    let kinds = inventories
        .iter()
        .filter(|(file, _)| is_top(file))
        .filter_map(|(_, inventory)| Some(of(inventory)?.kind));
    let is_firmware = firmware.is_some() || kinds.clone().any(|kind| kind == Kind::Firmware);

    let mut root = package.clone().unwrap_or_default();
    root.reference = None;
    root.source = Source::Unknown;
    root.dependencies_known = Completeness::Complete;
    if package.is_none() {
        root.kind = Kind::Application;
    }
    if is_firmware {
        root.kind = Kind::Firmware;
    }
    if let Some(firmware) = firmware {
        version(args, firmware, &root, report);
        root.version = firmware.version.clone().or(root.version);
        root.name = firmware.name.clone().unwrap_or(root.name);
        // An image is none of what a registry holds under the package's name.
        root.ecosystem = String::new();
        root.namespace = None;
        root.purl = None;
        firmware.describe(&mut root, args.product.distribution_url.as_deref());
    }
    if root.name.is_empty() {
        root.name = place.unwrap_or_else(|| "project".to_owned());
    }
    describe(&mut root, &args.product)?;

    let mut united = Inventory::new();
    let product = united.add(root);
    united.set_root(product);
    let mut known = Completeness::Complete;
    for (file, inventory) in inventories {
        let of_it = of(&inventory);
        let is_product = of_it.as_ref().is_none_or(|root| {
            let same = package.as_ref().is_some_and(|package| package.name == root.name);
            root.name.is_empty() || same
        });
        if let Some(root) = &of_it
            && is_product
        {
            known = known.min_known(root.dependencies_known);
        }
        let has_root = inventory.root().is_some();
        absorb(&mut united, inventory, product, is_product);
        if !has_root {
            known = known.min_known(Completeness::Incomplete);
            report.add_finding(Finding::new(
                "sbom/unknown",
                Level::Note,
                &file,
                format!("{file} does not say which of its components the product needs itself"),
            ));
        }
    }
    if let Some(root) = united.get_mut(product) {
        root.dependencies_known = known;
    }
    Ok(united)
}

trait MinKnown {
    /// The worse of two: what is not known to be complete is worse than complete, and incomplete is the worst.
    fn min_known(self, other: Self) -> Self;
}

impl MinKnown for Completeness {
    fn min_known(self, other: Self) -> Self {
        match (self, other) {
            (Self::Incomplete, _) | (_, Self::Incomplete) => Self::Incomplete,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Complete, Self::Complete) => Self::Complete,
        }
    }
}

/// Takes over an inventory. Its root becomes the product, or hangs on it; where it has none, what nothing else in it needs does.
fn absorb(united: &mut Inventory, inventory: Inventory, product: ComponentId, is_product: bool) {
    let root = inventory.root();
    let ids: std::collections::BTreeMap<ComponentId, ComponentId> =
        filled(inventory.iter().map(|(id, component)| {
            let is_root = root == Some(id) && is_product;
            if is_root {
                if let Some(known) = united.get_mut(product) {
                    known.places.extend(component.places.iter().cloned());
                    known.properties.extend(component.properties.iter().cloned());
                }
                return (id, product);
            }
            (id, united.add(component.clone()))
        }));
    let mut needed = std::collections::BTreeSet::new();
    for (from, to) in inventory.edges() {
        if let (Some(from), Some(to)) = (ids.get(&from), ids.get(&to)) {
            united.depend(*from, *to);
            needed.insert(*to);
        }
    }
    match root.and_then(|root| ids.get(&root)) {
        Some(root) => united.depend(product, *root),
        None => {
            for id in ids.values().filter(|id| !needed.contains(*id)) {
                united.depend(product, *id);
            }
        }
    }
    united.unknowns.extend(inventory.unknowns);
}

/// Says when the version inside the image is another one than what is released.
fn version(args: &Generate, firmware: &Firmware, package: &Component, report: &mut Report) {
    let Some(inside) = &firmware.version else { return };
    let bare = |version: &str| version.trim_start_matches('v').to_owned();
    let said = args.product.version.as_ref().map(|version| (version, "--version"));
    let said = said.or_else(|| package.version.as_ref().map(|version| (version, "its package")));
    if let Some((said, by)) = said
        && bare(inside) != bare(said)
    {
        let message = format!("the firmware says it is version {inside}, {by} says {said}");
        report.add_finding(Finding::new("sbom/version", Level::Warning, "version", message));
    }
}

/// Tells the product what flags say of it.
pub(crate) fn describe(root: &mut Component, args: &ProductArgs) -> Result<(), Error> {
    if let Some(name) = &args.name {
        if *name != root.name {
            // Under another name it is none of what a registry holds.
            root.purl = None;
        }
        root.name.clone_from(name);
    }
    if let Some(version) = &args.version {
        if root.version.as_ref() != Some(version) {
            root.purl = None;
        }
        root.version = Some(version.clone());
    }
    if let Some(kind) = args.kind {
        root.kind = kind.kind();
    }
    if let Some(text) = &args.license {
        let licence = licence(text, "--license")?;
        root.concluded_licence = Some(licence.clone());
        root.declared_licence = Some(licence);
    }
    root.copyright = args.copyright.clone().or(root.copyright.take());
    if let Some(text) = &args.purl {
        let purl = purl(text, "--purl")?;
        root.ecosystem = purl.kind().to_owned();
        root.namespace = purl.namespace();
        root.purl = Some(purl);
    }
    if let Some(cpe) = &args.cpe {
        check_cpe(cpe, "--cpe")?;
        root.cpe = Some(cpe.clone());
    }
    let about = about(args);
    root.supplier = about.supplier.or(root.supplier.take());
    root.manufacturer = about.manufacturer.or(root.manufacturer.take());
    if let Some(contact) = &args.security_contact {
        let url = if contact.contains("://") { contact.clone() } else { format!("mailto:{contact}") };
        root.references.insert(Reference { kind: ReferenceKind::SecurityContact, url });
    }
    Ok(())
}

/// Who made and supplies the product, and how to reach them.
pub(crate) fn about(args: &ProductArgs) -> About {
    let email =
        args.security_contact.clone().filter(|contact| contact.contains('@') && !contact.contains("://"));
    let of = |name: Option<&String>, url: Option<&String>| {
        let contact = Contact { name: name.cloned(), email: email.clone(), url: url.cloned() };
        (contact.name.is_some() || contact.url.is_some()).then_some(contact)
    };
    let supplier = of(args.supplier_name.as_ref(), args.supplier_url.as_ref());
    let manufacturer =
        of(args.manufacturer_name.as_ref(), args.manufacturer_url.as_ref()).or_else(|| supplier.clone());
    About { supplier, manufacturer, ..About::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(root: &str, needs: &[&str]) -> Inventory {
        let mut inventory = Inventory::new();
        let root = inventory.add(Component {
            dependencies_known: Completeness::Complete,
            ..Component::new("npm", root, None)
        });
        inventory.set_root(root);
        for name in needs {
            let id = inventory.add(Component::new("npm", *name, Some("1".into())));
            inventory.depend(root, id);
        }
        inventory
    }

    fn edges(inventory: &Inventory) -> Vec<String> {
        let name = |id| inventory.get(id).unwrap().name.clone();
        inventory.edges().map(|(from, to)| format!("{} > {}", name(from), name(to))).collect()
    }

    #[test]
    fn all_hangs_on_one_root_which_the_package_at_the_top_names() {
        let args = Generate::default();
        let inputs = vec![
            ("a.lock".to_owned(), inventory("", &["x"])),
            ("package-lock.json".to_owned(), inventory("shop", &["y"])),
            ("web/package-lock.json".to_owned(), inventory("web", &["x"])),
        ];
        let mut report = Report::new("sbom", "0");
        let united = unite(&args, Some("folder".into()), inputs, None, &mut report).unwrap();
        assert_eq!(edges(&united), ["shop > x", "shop > y", "shop > web", "web > x"]);
        assert_eq!(united.len(), 3);
        assert_eq!(united.reachable().len(), 4);
    }

    #[test]
    fn without_a_package_its_place_names_the_product_and_flags_win() {
        let mut report = Report::new("sbom", "0");
        let inputs = || vec![("a.lock".to_owned(), inventory("", &["x"]))];
        let root = |args: &Generate, report: &mut Report| {
            let united = unite(args, Some("folder".into()), inputs(), None, report).unwrap();
            united.get(united.root().unwrap()).unwrap().clone()
        };
        assert_eq!(root(&Generate::default(), &mut report).name, "folder");
        let product = ProductArgs {
            name: Some("product".into()),
            version: Some("2".into()),
            supplier_name: Some("Us".into()),
            security_contact: Some("sec@us.example".into()),
            ..ProductArgs::default()
        };
        let named = root(&Generate { product, ..Generate::default() }, &mut report);
        assert_eq!((named.name.as_str(), named.version.as_deref()), ("product", Some("2")));
        assert_eq!(named.manufacturer.unwrap().email.as_deref(), Some("sec@us.example"));
        assert_eq!(named.references.first().unwrap().url, "mailto:sec@us.example");
    }
}
