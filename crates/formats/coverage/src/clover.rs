//! Clover XML of OpenClover, PHPUnit and Istanbul.
//!
//! `stmt` lines are the lines that count; a `method` line is a function, whatever else is on its line. What a
//! `cond` line tells depends on the tool: OpenClover tells how often a condition was true and false, Istanbul
//! writes the number of branches taken as `truecount` and of those not taken as `falsecount`.
//! `testproject`, the tests themselves, does not count, as in Clover's own report.

use lw_hashed::HashSet;

use crate::error::{CoverageError, Problem};
use crate::files::Files;
use crate::model::{Counts, Coverage, FileBuilder, FileCoverage, Format, MAX_COUNTED, Metric};
use crate::xml::{Element, Node, Value, Xml};

pub(crate) fn read(bytes: &[u8]) -> Result<Coverage, CoverageError> {
    let mut reader = Reader {
        xml: Xml::new(bytes, Format::Clover),
        coverage: Coverage { formats: Format::Clover.into(), ..Coverage::default() },
        files: Files::default(),
        version: None,
        istanbul: false,
        in_tests: false,
        in_class: false,
        package: String::new(),
        file: None,
    };
    loop {
        match reader.xml.next()? {
            Node::Open(element) => reader.open(&element)?,
            Node::Close(element) => reader.close(element.name())?,
            Node::Text(_) => {}
            Node::End => break,
        }
    }
    reader.files.finish(&mut reader.coverage);
    Ok(reader.coverage)
}

struct Reader<'a> {
    xml: Xml<'a>,
    coverage: Coverage,
    files: Files,
    version: Option<String>,
    istanbul: bool,
    in_tests: bool,
    in_class: bool,
    package: String,
    file: Option<File>,
}

#[derive(Default)]
struct File {
    path: String,
    builder: FileBuilder,
    told: Vec<(Metric, Counts)>,
    /// Lines with a statement.
    statements: HashSet<u32>,
    /// Lines of conditions with their executions.
    conditions: Vec<(u32, u64)>,
    /// Line of the last condition and how many it has so far.
    last_condition: (u32, u32),
}

impl Reader<'_> {
    fn open(&mut self, element: &Element<'_>) -> Result<(), CoverageError> {
        match element.name() {
            b"coverage" => {
                let [version] = self.xml.values(element, ["clover"])?;
                self.version = Some(self.xml.string(&version)?);
            }
            b"project" => {
                let [name] = self.xml.values(element, ["name"])?;
                // What istanbul-reports has written from its beginning.
                self.istanbul =
                    self.version.as_deref() == Some("3.2.0") && name.as_deref() == Some(b"All files");
            }
            b"testproject" => self.in_tests = true,
            b"package" => {
                let [name] = self.xml.values(element, ["name"])?;
                self.package = self.xml.string(&name)?;
            }
            b"file" if !self.in_tests => {
                let [name, path] = self.xml.values(element, ["name", "path"])?;
                let (name, path) = (self.xml.string(&name)?, self.xml.string(&path)?);
                let path = match (path.is_empty(), name.contains(['/', '\\']), self.package.is_empty()) {
                    (false, ..) => path,
                    (true, false, false) => format!("{}/{name}", self.package.replace('.', "/")),
                    _ => name,
                };
                if path.is_empty() {
                    return Err(self.xml.error(Problem::Missing("the name of the file")));
                }
                self.file = Some(File { path, ..File::default() });
            }
            b"class" => self.in_class = true,
            b"line" => self.line(element)?,
            b"metrics" if !self.in_class => self.metrics(element)?,
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &[u8]) -> Result<(), CoverageError> {
        match name {
            b"testproject" => self.in_tests = false,
            b"package" => self.package.clear(),
            b"class" => self.in_class = false,
            b"file" => {
                if let Some(file) = self.file.take() {
                    let (path, file) = file.finish();
                    self.files.push(path, file).map_err(|problem| self.xml.error(problem))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn line(&mut self, element: &Element<'_>) -> Result<(), CoverageError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let names = ["num", "type", "count", "name", "signature", "truecount", "falsecount"];
        let [num, kind, count, name, signature, yes, no] = self.xml.values(element, names)?;
        let num = self.xml.number(&num, "`num` of the line")?;
        let warnings = &mut self.coverage.warnings;
        let missing = |what| self.xml.error(Problem::Missing(what));
        let hits = self.xml.count(&count, "`count`", warnings)?;
        match kind.as_deref() {
            Some(b"method") => {
                let name = if name.is_some() { &name } else { &signature };
                let hits = hits.ok_or_else(|| missing("`count` of the method"))?;
                file.builder.function(num, 0, hits, &self.xml.string(name)?);
            }
            Some(b"cond") => {
                let yes = self.xml.count(&yes, "`truecount`", warnings)?.unwrap_or(0);
                let no = self.xml.count(&no, "`falsecount`", warnings)?.unwrap_or(0);
                if self.istanbul {
                    let total =
                        bounded(yes.saturating_add(no)).ok_or_else(|| missing("a possible `truecount`"))?;
                    file.builder.line(num, hits.ok_or_else(|| missing("`count` of the line"))?);
                    if total > 0 {
                        file.builder.counted_branches(num, bounded(yes).unwrap_or(total), total);
                    }
                } else {
                    file.condition(num, yes, no, hits.unwrap_or(yes.saturating_add(no)));
                }
            }
            Some(b"stmt") => {
                file.builder.line(num, hits.ok_or_else(|| missing("`count` of the statement"))?);
                file.statements.insert(num);
            }
            _ => return Err(missing("a known `type` of the line")),
        }
        Ok(())
    }

    fn metrics(&mut self, element: &Element<'_>) -> Result<(), CoverageError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let names = [
            "statements",
            "coveredstatements",
            "methods",
            "coveredmethods",
            "conditionals",
            "coveredconditionals",
        ];
        let values = self.xml.values(element, names)?;
        let [statements, covered_statements, methods, covered_methods, conditionals, covered_conditionals] =
            &values;
        for (metric, total, covered) in [
            (Metric::Statement, statements, covered_statements),
            (Metric::Function, methods, covered_methods),
            (Metric::Branch, conditionals, covered_conditionals),
        ] {
            if let Some(counts) = told(&self.xml, total, covered)? {
                file.told.push((metric, counts));
            }
        }
        Ok(())
    }
}

fn told(xml: &Xml<'_>, total: &Value<'_>, covered: &Value<'_>) -> Result<Option<Counts>, CoverageError> {
    if total.is_none() || covered.is_none() {
        return Ok(None);
    }
    let total = u64::from(xml.number(total, "a metric")?);
    let covered = u64::from(xml.number(covered, "a metric")?);
    if covered > total {
        return Err(xml.error(Problem::Inconsistent { what: "items", covered, total }));
    }
    Ok((total > 0).then_some(Counts::new(covered, total)))
}

fn bounded(number: u64) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| *number <= MAX_COUNTED)
}

impl File {
    /// OpenClover lists each condition of a line by itself.
    fn condition(&mut self, line: u32, yes: u64, no: u64, hits: u64) {
        let block = if self.last_condition.0 == line { self.last_condition.1 } else { 0 };
        self.last_condition = (line, block.saturating_add(1));
        if block == 0 {
            self.conditions.push((line, hits));
        }
        let reached = yes > 0 || no > 0;
        self.builder.two_way(line, block, 0, (reached.then_some(yes), reached.then_some(no)));
    }

    /// Figures of the file that its lines do not tell are taken from its metrics.
    fn finish(mut self) -> (String, FileCoverage) {
        // Where a statement is on the line as well, its executions are those of the line.
        for (line, hits) in std::mem::take(&mut self.conditions) {
            if !self.statements.contains(&line) {
                self.builder.line(line, hits);
            }
        }
        for (metric, counts) in std::mem::take(&mut self.told) {
            match metric {
                Metric::Function if self.builder.has_functions() => {}
                Metric::Branch if self.builder.has_branches() => {}
                Metric::Statement => {
                    // Without any line the file is a summary, and its statements are all there is.
                    if !self.builder.has_lines() {
                        self.builder.tell(Metric::Line, counts);
                    }
                    self.builder.tell(metric, counts);
                }
                _ => self.builder.tell(metric, counts),
            }
        }
        (self.path, self.builder.take(Format::Clover))
    }
}
