//! What the tool measures; `lw measures` and the page of the action are made from it.

use lw_model::{MeasureKind, Unit};

/// Every kind of measure the tool has.
pub(crate) const MEASURES: &[MeasureKind] =
    &[
        MeasureKind::count(
            "sbom.components",
            "Components, the product not among them; a package at two versions counts twice",
        )
        .limited_by(&["max", "min", "max-growth"]),
        MeasureKind::count("sbom.components.direct", "Components the product needs itself").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::count(
            "sbom.components.excluded",
            "Components that only build, test or document the product",
        )
        .limited_by(&["max", "min", "max-growth"]),
        MeasureKind::count("sbom.edges", "Pairs of what needs and what is needed").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::count("sbom.unknowns", "What is known to be missing").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::count("sbom.missing.version", "Components without version").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::count("sbom.missing.purl", "Components without package URL").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::count("sbom.missing.license", "Components without licence").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::count("sbom.missing.supplier", "Components without supplier").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::count("sbom.missing.hash", "Components without hash").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::new(
            "sbom.score.STANDARD",
            Some(Unit::Percent),
            "How much of what a standard asks for is said",
        )
        .limited_by(&["max", "min", "max-growth"]),
        MeasureKind::count("sbom.errors", "Errors in a bill").limited_by(&["max", "min", "max-growth"]),
        MeasureKind::count("sbom.warnings", "Doubtful places in a bill").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::count("sbom.licences.refused", "Components under a licence that may not be had")
            .limited_by(&["max", "min", "max-growth"]),
        MeasureKind::count("sbom.merge.united", "Components that several bills had").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::count("sbom.merge.renamed", "References renamed in the merged bill").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::count("sbom.merge.apart", "Components told differently by the bills, kept apart")
            .limited_by(&["max", "min", "max-growth"]),
        MeasureKind::count("sbom.merge.lost", "Members of a bill that the merged one cannot have")
            .limited_by(&["max", "min", "max-growth"]),
        MeasureKind::count("sbom.diff.added", "Components added since the older bill").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::count("sbom.diff.removed", "Components removed").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::count("sbom.diff.upgraded", "Components upgraded").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::count("sbom.diff.downgraded", "Components downgraded").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::count("sbom.diff.relicensed", "Components with another licence than before")
            .limited_by(&["max", "min", "max-growth"]),
        MeasureKind::count("sbom.diff.suspicious", "Components changed under the same version")
            .limited_by(&["max", "min", "max-growth"]),
        MeasureKind::count("sbom.diff.copyleft", "Components newly to be had under copyleft only")
            .limited_by(&["max", "min", "max-growth"]),
        MeasureKind::count("sbom.diff.without-licence", "Added components without licence").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::count("sbom.diff.without-purl", "Added components without package URL").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::count("sbom.diff.young", "New versions younger than `min-age` allows").limited_by(&[
            "max",
            "min",
            "max-growth",
        ]),
        MeasureKind::count("sbom.diff.undated", "New versions of which nobody says when they were published")
            .limited_by(&["max", "min", "max-growth"]),
    ];
