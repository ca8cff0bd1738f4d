//! Whether the licences of components may be had.

use lw_bom::{Policy, Ruling, title_of};
use lw_cli::Error;
use lw_inventory::Component;
use lw_model::{Finding, Level, Measure, Report};

use crate::args::PolicyArgs;

/// The licences that are allowed and denied.
///
/// # Errors
/// When one of them is none.
pub(crate) fn policy(args: &PolicyArgs) -> Result<Policy, Error> {
    Ok(Policy::new(&args.allow_license, &args.deny_license)?)
}

/// Judges the licences of components, and adds what may not be had.
pub(crate) fn judge<'a>(
    policy: &Policy,
    args: &PolicyArgs,
    components: impl Iterator<Item = &'a Component>,
    subject: Option<&str>,
    report: &mut Report,
) {
    if policy.is_empty() {
        return;
    }
    let mut refused = 0;
    for component in components {
        let title = title_of(component);
        let (level, message, help) = match policy.judge(component) {
            Ruling::Allowed => continue,
            Ruling::Denied(licence) => (
                Level::Error,
                format!("{title} can only be had under {licence}, which is denied"),
                "replace the component, or take the licence out of `deny-license`",
            ),
            Ruling::NotAllowed(licence) => (
                Level::Error,
                format!("{title} needs {licence}, which is not among the licences that are allowed"),
                "replace the component, or add the licence to `allow-license`",
            ),
            Ruling::Unknown => (
                // It may be any, so it is none of those that are allowed; that it is a denied one is only possible.
                if args.allow_license.is_empty() { Level::Warning } else { Level::Error },
                format!("nothing is known of the licence of {title}"),
                "find out what it is, and say so in lw.toml",
            ),
            Ruling::FreeText(text) => (
                if args.allow_license.is_empty() { Level::Warning } else { Level::Error },
                format!("the licence of {title} is no SPDX expression: {text:?}"),
                "find out what it is, and say so in lw.toml as an SPDX expression",
            ),
        };
        refused += 1;
        report.add_finding(
            Finding::new("sbom/licence-refused", level, &title, message).help(help).about(subject),
        );
    }
    let mut measure = Measure::count("sbom.licences.refused", refused).label("licences that may not be had");
    measure.subject = subject.map(str::to_owned);
    report.measures.push(measure);
}
