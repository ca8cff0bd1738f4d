//! Which regions stand behind a measure.

use std::collections::BTreeMap;

use lw_firmware::RegionClass;

/// The regions whose content makes a measure what it is.
#[must_use]
pub(crate) fn behind(measure: &str, classes: &BTreeMap<String, RegionClass>) -> Vec<String> {
    if let Some(region) =
        measure.strip_prefix("region.").and_then(|rest| rest.rsplit_once('.')).map(|(region, _)| region)
    {
        return vec![region.to_owned()];
    }
    let class = match measure.split('.').next() {
        Some("ram" | "sram") => RegionClass::Ram,
        Some("image" | "file" | "partition") => RegionClass::Flash,
        _ => return Vec::new(),
    };
    classes.iter().filter(|(_, known)| **known == class).map(|(name, _)| name.clone()).collect()
}
