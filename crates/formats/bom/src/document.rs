//! A bill of materials apart from its format: what it says about itself, and the inventory.

use lw_inventory::{Contact, Inventory, LicenceText, Property};

/// The licence a document is written with where none is given: SPDX knows no other for its data, and a bill of materials that
/// nobody may pass on is of no use.
pub const DEFAULT_LICENCE: &str = "CC0-1.0";

/// A bill of materials.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// What it says about itself.
    pub about: About,
    /// What the product is made of.
    pub inventory: Inventory,
}

/// What a bill of materials says about itself.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Its identifier: CycloneDX's `serialNumber` (`urn:uuid:…`), SPDX's document namespace. Made from its content when it is
    /// written without.
    pub serial: Option<String>,
    /// Which revision of the same bill it is, from 1.
    pub version: Option<u32>,
    /// When it was made, as RFC 3339 in UTC with whole seconds: `2026-01-31T12:00:00Z`.
    pub timestamp: Option<String>,
    /// The programs that made it.
    pub tools: Vec<Tool>,
    /// The people who made it.
    pub authors: Vec<Contact>,
    /// The organisation that made the product.
    pub manufacturer: Option<Contact>,
    /// The organisation that supplies the product.
    pub supplier: Option<Contact>,
    /// When in the product's life it was made.
    pub lifecycles: Vec<Lifecycle>,
    /// The licence of the document itself. SPDX 2.3 has no other than [`DEFAULT_LICENCE`], and says so of each.
    pub licence: Option<LicenceText>,
    /// What no field has.
    pub properties: Vec<Property>,
}

/// A program that made a bill of materials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tool {
    /// Who makes it.
    pub vendor: Option<String>,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
}

/// When in the life of a product a bill of materials was made: CycloneDX's `metadata.lifecycles[].phase`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lifecycle {
    /// While it was designed.
    Design,
    /// From its source, before it was built.
    PreBuild,
    /// While it was built.
    Build,
    /// From what was built.
    PostBuild,
    /// From what runs.
    Operations,
    /// From what was found.
    Discovery,
    /// When it was taken out of use.
    Decommission,
}
