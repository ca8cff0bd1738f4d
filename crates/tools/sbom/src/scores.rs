//! What laws and standards ask for, as measures, tables and findings.

use std::collections::BTreeMap;

use lw_bom::{Document, FieldScore, Format, Gap, Score, Standard};
use lw_model::{Align, Cell, Column, Fact, Finding, Level, Measure, Number, Report, Table, Unit};

use crate::args::StandardName;
use crate::bills::listed;

/// Adds the measure of every standard, and of those that were asked for everything that is missing.
pub(crate) fn add(
    document: &Document,
    format: Format,
    asked: &[StandardName],
    subject: Option<&str>,
    report: &mut Report,
) {
    let columns = [("Standard", Align::Left), ("Score", Align::Right), ("Fields missing", Align::Left)];
    let mut scores = Table::new("scores", "Laws and standards", &columns);
    scores.subject = subject.map(str::to_owned);
    for standard in Standard::ALL {
        let score = lw_bom::score(document, format, standard);
        let is_asked = asked.iter().any(|name| Standard::from(*name) == standard);
        let name = format!("sbom.score.{standard}");
        match (score.percent(), score.refused) {
            (Some(percent), _) => {
                let value = Number::Decimal(percent.as_f64());
                let mut measure = Measure::new(name, value, Unit::Percent).higher_is_better();
                measure = measure.label(standard.title());
                measure.whole = Some(Number::Decimal(100.0));
                measure.subject = subject.map(str::to_owned);
                report.measures.push(measure);
            }
            // It is not 0 %: it is not to be had in this format.
            (None, why) => {
                let why = why.unwrap_or("there is nothing to judge");
                let value = format!("none: {why}");
                report.facts.push(Fact { name: name.clone(), subject: subject.map(str::to_owned), value });
                if is_asked {
                    let message = format!("{}: {why}", standard.title());
                    let finding = Finding::new("sbom/format-cannot-conform", Level::Error, &name, message);
                    let help = "write cyclonedx-1.7 or spdx-3.0.1 with `sbom-format`";
                    report.add_finding(finding.help(help).about(subject));
                }
            }
        }
        scores.rows.push(row(&score));
        if is_asked {
            report.tables.push(table(&score, subject));
            findings(document, &score, subject, report);
        }
    }
    report.tables.push(scores);
}

fn row(score: &Score) -> Vec<Cell> {
    let missing: Vec<_> =
        score.fields.iter().filter(|field| !field.is_met()).map(|field| field.field.title).collect();
    let points = match score.percent() {
        Some(percent) => Cell::Text(percent.to_string()),
        None => Cell::Text("none".into()),
    };
    let missing = match score.refused {
        Some(why) => Cell::Text(why.into()),
        None if missing.is_empty() => Cell::Empty,
        None => Cell::Text(missing.join(", ")),
    };
    vec![Cell::Text(score.standard.title().into()), points, missing]
}

fn table(score: &Score, subject: Option<&str>) -> Table {
    let columns =
        [("Field", Align::Left), ("Asked for by", Align::Left), ("Said", Align::Right), ("", Align::Left)];
    let mut table = Table::new(format!("score-{}", score.standard), score.standard.title(), &[]);
    table.columns =
        columns.iter().map(|(title, align)| Column { title: (*title).to_owned(), align: *align }).collect();
    table.subject = subject.map(str::to_owned);
    for field in &score.fields {
        let (used, total) = (count(field.met), count(field.applicable));
        let said = if field.applicable == 0 {
            Cell::Text("not asked for".into())
        } else {
            Cell::Bar { used, total }
        };
        let remark = match field
            .not_applicable
            .iter()
            .map(|(why, number)| format!("{number}: {why}"))
            .collect::<Vec<_>>()
        {
            remarks if remarks.is_empty() => Cell::Empty,
            remarks => Cell::Text(remarks.join("; ")),
        };
        table.rows.push(vec![
            Cell::Text(field.field.title.into()),
            Cell::Text(field.field.clause.into()),
            said,
            remark,
        ]);
    }
    table.note = Some(
        "The score is the mean of the fields; a field counts by the share of the components that have it."
            .into(),
    );
    table
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// One finding for each field that is missing somewhere, with the components and what would give it.
fn findings(document: &Document, score: &Score, subject: Option<&str>, report: &mut Report) {
    for field in score.fields.iter().filter(|field| !field.is_met()) {
        let key = format!("{}:{}", score.standard, field.field.id);
        let message = format!(
            "{}: {} is missing: {}",
            score.standard.title(),
            field.field.title,
            where_missing(document, field)
        );
        let finding = Finding::new("sbom/field-missing", Level::Warning, &key, message);
        report.add_finding(finding.help(field.field.fix).about(subject));
    }
}

/// In which components, and why, a reason at a time.
fn where_missing(document: &Document, field: &FieldScore) -> String {
    let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for Gap { component, why } in &field.gaps {
        let names = by_reason.entry(why).or_default();
        names.extend(component.and_then(|id| document.inventory.get(id)).map(lw_bom::title_of));
    }
    let told = by_reason.into_iter().map(|(why, names)| match names.len() {
        0 => why.to_owned(),
        number => {
            let (number, of) = (grouped(number as u64), grouped(field.applicable));
            format!("in {number} of {of} components, {why} ({})", listed(&names))
        }
    });
    told.collect::<Vec<_>>().join("; ")
}

fn grouped(number: u64) -> String {
    lw_model::grouped(i128::from(number))
}
