//! What tools say of the complexity, the size and the doubled lines of code.

use lw_model::{Number, Unit};
use serde_json::Value;

use crate::error::Problem;
use crate::json::{count, document, field, shape};
use crate::pick::{Taken, bad_row, plain, rows};
use crate::{Figure, Figures, MAX_FIGURES};

/// Figures of functions, or whatever else complexity is counted for.
fn of_blocks(blocks: &str, complexity: &Taken, number: usize) -> Vec<Figure> {
    let mut figures = Vec::new();
    if let (Some(max), Some(mean)) = (complexity.max(), complexity.mean()) {
        figures.push(Figure::new("complexity.max", max, Unit::Count));
        figures.push(Figure::new("complexity.mean", mean, Unit::Score));
    }
    figures.push(Figure::new(blocks, i64::try_from(number).unwrap_or(i64::MAX), Unit::Count));
    figures
}

/// `NLOC,CCN,token,PARAM,length,location,file,function,long_name,start,end`, and what extensions add
/// (<https://github.com/terryyin/lizard>).
pub(crate) fn lizard(text: &str) -> Result<Figures, Problem> {
    const NAMES: [&str; 5] = ["NLOC", "CCN", "token", "PARAM", "length"];
    let mut taken: [Taken; 5] = Default::default();
    let mut functions = 0_usize;
    let mut reader = rows(text, false, true);
    for row in reader.records() {
        let row = row.map_err(|error| bad_row(&error))?;
        let line = row.position().map_or(0, csv::Position::line);
        if functions == 0 && row.get(0) == Some("NLOC") {
            continue;
        }
        if row.len() < 11 {
            let what = format!("expected the 11 fields of lizard --csv, found {}", row.len());
            return Err(Problem::Line { line, what });
        }
        for ((name, taken), text) in NAMES.iter().zip(&mut taken).zip(&row) {
            match plain(text.trim()) {
                Some(value @ Number::Integer(0..)) => taken.add(value),
                _ => return Err(Problem::Line { line, what: format!("{name} is no count") }),
            }
        }
        functions += 1;
    }
    if functions == 0 {
        return Err(Problem::Empty);
    }
    let [nloc, complexity, _, parameters, length] = &taken;
    let mut figures = of_blocks("functions", complexity, functions);
    let more =
        [("lines.code", nloc.sum()), ("parameters.max", parameters.max()), ("length.max", length.max())];
    figures.extend(more.into_iter().filter_map(|(name, value)| Some(Figure::new(name, value?, Unit::Count))));
    Ok(Figures { figures, ..Figures::default() })
}

/// By file: a list of blocks of `cc`, or an object of `mi` or `raw` (<https://radon.readthedocs.io/en/latest/commandline.html>).
pub(crate) fn radon(text: &str) -> Result<Figures, Problem> {
    let document = document(text)?;
    let Value::Object(files) = &document else {
        return Err(shape("the file", "an object of files", &document));
    };
    let (mut complexity, mut maintainability) = (Taken::default(), Taken::default());
    let (mut code, mut lines) = (Taken::default(), Taken::default());
    let mut blocks = 0_usize;
    let mut has_blocks = false;
    for (file, value) in files {
        if value.get("error").is_some() {
            return Err(Problem::Partial(file.chars().take(200).collect()));
        }
        match value {
            Value::Array(found) => {
                has_blocks = true;
                for (index, block) in found.iter().enumerate() {
                    let place = format!("/{file}/{index}");
                    complexity.add(Number::Integer(count(block, &place, "complexity")?));
                    blocks += 1;
                }
            }
            Value::Object(object) if object.contains_key("mi") => {
                maintainability.add(field(value, &format!("/{file}"), "mi")?);
            }
            Value::Object(object) if object.contains_key("sloc") => {
                let place = format!("/{file}");
                code.add(Number::Integer(count(value, &place, "sloc")?));
                lines.add(Number::Integer(count(value, &place, "loc")?));
            }
            other => return Err(shape(format!("/{file}"), "what radon cc, mi or raw writes", other)),
        }
    }
    let mut figures = if has_blocks { of_blocks("blocks", &complexity, blocks) } else { Vec::new() };
    if let (Some(min), Some(mean)) = (maintainability.min(), maintainability.mean()) {
        figures.push(Figure::new("maintainability.min", min, Unit::Score));
        figures.push(Figure::new("maintainability.mean", mean, Unit::Score));
    }
    for (name, value) in [("lines.code", code.sum()), ("lines.total", lines.sum())] {
        figures.extend(value.map(|value| Figure::new(name, value, Unit::Count)));
    }
    if figures.is_empty() {
        return Err(Problem::Empty);
    }
    Ok(Figures { figures, ..Figures::default() })
}

/// `COMPLEXITY PACKAGE FUNCTION FILE:LINE:COLUMN`, and with `-avg` a last line `Average: 2.7`
/// (<https://github.com/fzipp/gocyclo>).
pub(crate) fn gocyclo(text: &str) -> Result<Figures, Problem> {
    let mut complexity = Taken::default();
    let mut functions = 0_usize;
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        if text.is_empty() || text.starts_with("Average: ") {
            continue;
        }
        let mut fields = text.splitn(4, ' ');
        let value = fields.next().and_then(plain).filter(|value| matches!(value, Number::Integer(0..)));
        let place = fields.nth(2).unwrap_or_default();
        let mut numbers = place.rsplitn(3, ':').take(2);
        let has_place = numbers.by_ref().filter(|part| part.parse::<u64>().is_ok()).count() == 2;
        match value.filter(|_| has_place) {
            Some(value) => complexity.add(value),
            None => {
                let what = "expected `COMPLEXITY PACKAGE FUNCTION FILE:LINE:COLUMN`".to_owned();
                return Err(Problem::Line { line, what });
            }
        }
        functions += 1;
    }
    if functions == 0 {
        return Err(Problem::Empty);
    }
    Ok(Figures { figures: of_blocks("functions", &complexity, functions), ..Figures::default() })
}

/// `{"statistics": {"total": {"lines", "clones", "duplicatedLines", …}}}` (<https://github.com/kucherenko/jscpd>). Its
/// `percentage` is rounded; the counts are not.
pub(crate) fn jscpd(text: &str) -> Result<Figures, Problem> {
    let document = document(text)?;
    let place = "/statistics/total";
    let total = document.pointer(place).ok_or_else(|| Problem::Nothing(place.to_owned()))?;
    let (lines, doubled) = (count(total, place, "lines")?, count(total, place, "duplicatedLines")?);
    if lines == 0 {
        return Err(Problem::Empty);
    }
    if doubled > lines {
        return Err(Problem::Shape {
            place: format!("{place}/duplicatedLines"),
            expected: "no more than there are lines",
            found: format!("{doubled} of {lines}"),
        });
    }
    let mut share = Figure::new("duplication.lines", doubled, Unit::Count);
    share.whole = Some(Number::Integer(lines));
    let clones = Figure::new("duplication.clones", count(total, place, "clones")?, Unit::Count);
    let sources = Figure::new("files", count(total, place, "sources")?, Unit::Count);
    let all = Figure::new("lines.total", lines, Unit::Count);
    Ok(Figures { figures: vec![share, clones, sources, all], ..Figures::default() })
}

/// A list of languages, `[{"Name", "Lines", "Code", "Complexity", "Count", …}]`, in `json2` under `languageSummary`
/// (<https://github.com/boyter/scc>).
pub(crate) fn scc(text: &str) -> Result<Figures, Problem> {
    let document = document(text)?;
    let languages = document.get("languageSummary").unwrap_or(&document);
    let Value::Array(languages) = languages else {
        return Err(shape("the file", "a list of languages", languages));
    };
    if languages.is_empty() {
        return Err(Problem::Empty);
    }
    if languages.len() > MAX_FIGURES {
        return Err(Problem::TooMany(MAX_FIGURES));
    }
    const FIELDS: [(&str, &str); 6] = [
        ("Lines", "lines.total"),
        ("Code", "lines.code"),
        ("Comment", "lines.comment"),
        ("Blank", "lines.blank"),
        ("Complexity", "complexity.sum"),
        ("Count", "files"),
    ];
    let mut taken: [Taken; 6] = Default::default();
    for (index, language) in languages.iter().enumerate() {
        for ((name, _), taken) in FIELDS.iter().zip(&mut taken) {
            taken.add(Number::Integer(count(language, &format!("/{index}"), name)?));
        }
    }
    let sums = FIELDS.iter().zip(&taken).filter_map(|((_, name), taken)| Some((name, taken.sum()?)));
    let figures = sums.map(|(name, sum)| Figure::new(name, sum, Unit::Count)).collect();
    Ok(Figures { figures, ..Figures::default() })
}
