//! `merge`: several bills of materials as one.

use lw_bom::{Bill, Format, MergeOptions, Merged, MergedRoot, Tool};
use lw_cli::{Context, Error};
use lw_inventory::{Component, Contact, Kind, LicenceText, Purl, Reference, ReferenceKind};
use lw_model::{Finding, Level, Measure, Report, Verdict};

use crate::args::{Merge, ProductArgs, ProductType, SbomFormat};
use crate::bills::{counted, listed};
use crate::{limits, scores};

/// Makes one bill of materials of several.
///
/// # Errors
/// When one cannot be read, or the result cannot be written.
pub(crate) fn run(
    args: &Merge,
    baseline: Option<&Report>,
    cx: &mut Context,
    report: &mut Report,
) -> Result<(), Error> {
    if args.sbom.is_empty() {
        return Err(Error::usage("there is no bill of materials to merge")
            .hint("lw sbom merge app.cdx.json web.cdx.json --output product.cdx.json"));
    }
    if args.output.output.is_none() {
        return Err(Error::usage("there is no file to write the merged bill to")
            .hint("give --output product.cdx.json"));
    }
    let paths = cx.expand(&args.sbom, report)?;
    let mut inputs = Vec::with_capacity(paths.len());
    for path in &paths {
        inputs.push((cx.display_path(path), cx.open(path)?));
    }
    let bills: Vec<_> = inputs.iter().map(|(name, bytes)| Bill { name, bytes }).collect();
    let options = options(args, cx)?;
    let merged = lw_bom::merge(&bills, &options)?;
    tell(&merged, report);
    tell_faults(&merged, report);
    // What is published is what was written, and not what somebody meant to write.
    let (format, document) = lw_bom::read(merged.text.as_bytes())?;
    let components = document.inventory.len() as u64;
    report.measures.push(Measure::count("sbom.components", components).label("components"));
    scores::add(&document, format, &args.standards.standard, None, report);
    let what = counted(bills.len(), "bill", "bills");
    cx.figure(format!("{what}, {}", counted(document.inventory.len(), "component", "components")));
    limits::settle(&args.limits, baseline, cx, report)?;
    cx.output("components", components.to_string());
    cx.output("serial", document.about.serial.clone().unwrap_or_default());
    match &args.output.output {
        Some(path) if report.verdict < Verdict::Fail && !cx.common().fail_on.fails(report.verdict) => {
            cx.write(path, |out| out.write_all(merged.text.as_bytes()))?;
            cx.output("path", cx.display_path(path));
        }
        // A run that fails leaves nothing that could be shipped.
        _ => {}
    }
    Ok(())
}

/// What became of the parts.
fn tell(merged: &Merged, report: &mut Report) {
    for (name, number, label) in [
        ("united", merged.united, "components of several bills"),
        ("renamed", merged.renamed, "references renamed"),
        ("apart", merged.apart.len(), "components told differently"),
        ("lost", merged.lost.len(), "members lost"),
    ] {
        report.measures.push(Measure::count(format!("sbom.merge.{name}"), number as u64).label(label));
    }
    for apart in &merged.apart {
        let message = format!(
            "{} tells {} otherwise than an earlier bill ({}); both entries are kept",
            apart.bill, apart.component, apart.member
        );
        let key = format!("{}:{}", apart.bill, apart.component);
        report.add_finding(Finding::new("sbom/merge-kept-apart", Level::Note, &key, message).as_detail());
    }
    let mut by_reason: std::collections::BTreeMap<(&str, &str), Vec<String>> =
        std::collections::BTreeMap::new();
    for lost in &merged.lost {
        by_reason.entry((&lost.bill, lost.why)).or_default().push(lost.path.clone());
    }
    for ((bill, why), paths) in by_reason {
        let message = format!(
            "{bill}: {} not in the result ({why}): {}",
            counted(paths.len(), "member is", "members are"),
            listed(&paths)
        );
        report.add_finding(Finding::new(
            "sbom/merge-lost",
            Level::Warning,
            &format!("{bill}:{why}"),
            message,
        ));
    }
}

/// What was wrong with the parts is wrong with the whole.
fn tell_faults(merged: &Merged, report: &mut Report) {
    for fault in &merged.faults {
        let what = fault.component.as_ref().map(|component| format!("{component}: ")).unwrap_or_default();
        let message = format!(
            "the merged bill has a fault of its parts: {what}{} (at {})",
            fault.message, fault.pointer
        );
        let key = format!("{}:{}", fault.rule.name(), fault.pointer);
        let finding = Finding::new("sbom/merge-fault", Level::Warning, &key, message);
        report.add_finding(finding.help(fault.fix.clone()));
    }
}

fn options(args: &Merge, cx: &Context) -> Result<MergeOptions, Error> {
    let root = match &args.product.name {
        Some(name) => MergedRoot::New(Box::new(product(name, &args.product)?)),
        None => {
            // Everything else about a product is about one that has a name.
            if let Some(flag) = given_without_name(&args.product) {
                return Err(Error::usage(format!("`{flag}` is said of a product without name")).hint(
                    "give `name` as well; without it the merged bill is about the product of the first",
                ));
            }
            MergedRoot::First
        }
    };
    let supplier = contact(args.product.supplier_name.as_ref(), args.product.supplier_url.as_ref(), args);
    let manufacturer =
        contact(args.product.manufacturer_name.as_ref(), args.product.manufacturer_url.as_ref(), args);
    Ok(MergeOptions {
        root,
        format: args.output.sbom_format.map(format_of),
        timestamp: lw_inventory::of_unix(cx.now()),
        tool: Some(Tool {
            vendor: Some("lw-actions".into()),
            name: "lw sbom".into(),
            version: Some(env!("CARGO_PKG_VERSION").into()),
        }),
        manufacturer: manufacturer.or_else(|| supplier.clone()),
        supplier,
    })
}

fn given_without_name(product: &ProductArgs) -> Option<&'static str> {
    let given = [
        ("version", product.version.is_some()),
        ("type", product.kind.is_some()),
        ("license", product.license.is_some()),
        ("copyright", product.copyright.is_some()),
        ("purl", product.purl.is_some()),
        ("cpe", product.cpe.is_some()),
        ("distribution-url", product.distribution_url.is_some()),
    ];
    given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
}

/// An organisation, reached at the address for vulnerabilities where that is one of mail.
fn contact(name: Option<&String>, url: Option<&String>, args: &Merge) -> Option<Contact> {
    let mail = args.product.security_contact.as_ref().map(|contact| contact.trim_start_matches("mailto:"));
    let mail = mail.filter(|contact| contact.contains('@') && !contact.contains("://")).map(str::to_owned);
    let named = name.is_some() || url.is_some();
    named.then(|| Contact { name: name.cloned(), url: url.cloned(), email: mail })
}

fn product(name: &str, args: &ProductArgs) -> Result<Component, Error> {
    let mut component = Component::new("generic", name, args.version.clone());
    component.kind = kind(args.kind);
    component.declared_licence = args.license.as_deref().and_then(LicenceText::parse);
    component.copyright.clone_from(&args.copyright);
    component.cpe.clone_from(&args.cpe);
    component.purl = match &args.purl {
        Some(purl) => Some(purl.parse::<Purl>().map_err(|error| {
            Error::usage(format!("--purl {purl}: {error}")).hint("write it as pkg:generic/name@version")
        })?),
        None => None,
    };
    if let Some(url) = &args.distribution_url {
        component
            .distributions
            .push(lw_inventory::Distribution { url: Some(url.clone()), ..Default::default() });
    }
    if let Some(url) = args.security_contact.as_ref().filter(|contact| contact.contains("://")) {
        component.references.insert(Reference { kind: ReferenceKind::SecurityContact, url: url.clone() });
    }
    Ok(component)
}

fn kind(of: Option<ProductType>) -> Kind {
    match of {
        None | Some(ProductType::Application) => Kind::Application,
        Some(ProductType::Firmware) => Kind::Firmware,
        Some(ProductType::Library) => Kind::Library,
        Some(ProductType::Framework) => Kind::Framework,
        Some(ProductType::Container) => Kind::Container,
        Some(ProductType::OperatingSystem) => Kind::OperatingSystem,
        Some(ProductType::Device) => Kind::Device,
    }
}

pub(crate) fn format_of(of: SbomFormat) -> Format {
    match of {
        SbomFormat::CycloneDx15 => Format::CycloneDx15,
        SbomFormat::CycloneDx16 => Format::CycloneDx16,
        SbomFormat::CycloneDx17 => Format::CycloneDx17,
        SbomFormat::Spdx23 => Format::Spdx23,
        SbomFormat::Spdx301 => Format::Spdx301,
    }
}
