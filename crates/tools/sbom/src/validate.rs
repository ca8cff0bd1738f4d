//! `validate`.

use lw_cli::{Context, Error};
use lw_model::{Measure, Number, Report};

use crate::args::Validate;
use crate::{bills, licences, limits, scores, validity};

/// Checks bills of materials.
///
/// # Errors
/// When there is none, when the only one cannot be read, or a licence of the policy is none.
pub(crate) fn run(
    args: &Validate,
    baseline: Option<&Report>,
    cx: &mut Context,
    report: &mut Report,
) -> Result<(), Error> {
    if args.sbom.is_empty() {
        return Err(Error::usage("there is no bill of materials to check").hint("lw sbom validate sbom.json"));
    }
    let policy = licences::policy(&args.policy)?;
    let paths = cx.expand(&args.sbom, report)?;
    let several = paths.len() > 1;
    for path in &paths {
        let name = cx.display_path(path);
        let subject = several.then_some(name.as_str());
        let checked = bills::check(path, cx).map(|validation| {
            let is_valid = validation.is_valid();
            validity::tell(&validation, &name, subject, report);
            is_valid
        });
        let bill = match checked.map(|is_valid| (is_valid, bills::read(path, cx))) {
            Ok((_, Ok(bill))) => bill,
            // What is wrong with it was told; of what cannot be understood nothing else can be said.
            Ok((false, Err(_))) => continue,
            // One bad file does not hide the good ones.
            Ok((true, Err(error))) | Err(error) if several => {
                cx.record_error(report, &error);
                continue;
            }
            Ok((true, Err(error))) | Err(error) => return Err(error),
        };
        let inventory = &bill.document.inventory;
        let mut components = Measure::count("sbom.components", inventory.len() as u64).label("components");
        components.subject = subject.map(str::to_owned);
        report.measures.push(components);
        scores::add(&bill.document, bill.format, &args.standards.standard, subject, report);
        // Under what the project has its own code is its own affair.
        let foreign = inventory
            .iter()
            .filter(|(id, component)| inventory.root() != Some(*id) && !component.source.is_local());
        let components = foreign.map(|(_, component)| component);
        licences::judge(&policy, &args.policy, components, subject, report);
    }
    if several {
        cx.figure(bills::counted(paths.len(), "bill", "bills"));
    } else if let Some(Number::Integer(count)) =
        report.measure("sbom.components", None).map(|measure| measure.value)
    {
        cx.figure(bills::counted(usize::try_from(count).unwrap_or_default(), "component", "components"));
    }
    limits::settle(&args.limits, baseline, cx, report)
}
