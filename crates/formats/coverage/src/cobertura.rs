//! Cobertura XML, of which every tool writes a dialect.
//!
//! The elements are those of `coverage-04.dtd` of cobertura. What the dialects have in common:
//!
//! - The lines of a class are told twice, under `methods` and by themselves; only the latter count. A class that
//!   has no list of its own is made of its methods.
//! - A file is in several classes where these are nested, partial or generated: what they tell is one.
//! - `condition-coverage="50% (1/2)"` is all there is about branches: how many, not which. coverage.py adds
//!   `missing-branches="3,exit"`, so that of two reports what both miss is known.
//! - The rates and totals in the header are not used: they are recounted.

use crate::error::{CoverageError, Problem};
use crate::files::Files;
use crate::model::{Coverage, FileBuilder, Format, MAX_COUNTED, WarningKind};
use crate::xml::{Element, Node, Value, Xml};

pub(crate) fn read(bytes: &[u8]) -> Result<Coverage, CoverageError> {
    let mut reader = Reader {
        xml: Xml::new(bytes, Format::Cobertura),
        coverage: Coverage { formats: Format::Cobertura.into(), ..Coverage::default() },
        files: Files::default(),
        class: None,
        method: None,
        in_methods: false,
        source: None,
    };
    loop {
        match reader.xml.next()? {
            Node::Open(element) => reader.open(&element)?,
            Node::Close(element) => reader.close(element.name())?,
            Node::Text(text) => {
                if let Some(source) = &mut reader.source {
                    source.push_str(&text);
                }
            }
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
    class: Option<Class>,
    method: Option<Method>,
    in_methods: bool,
    source: Option<String>,
}

struct Class {
    name: String,
    path: String,
    file: FileBuilder,
    /// Lines under `methods`, for a class that has no others.
    of_methods: Vec<Line>,
    has_lines: bool,
}

struct Method {
    name: String,
    start: u32,
    end: u32,
    hits: Option<u64>,
}

#[derive(Clone)]
struct Line {
    number: u32,
    hits: u64,
    branches: Option<(u32, u32)>,
    /// Names of the branches that were not taken, as many as there are.
    missing: Option<Box<str>>,
}

impl Reader<'_> {
    fn open(&mut self, element: &Element<'_>) -> Result<(), CoverageError> {
        match element.name() {
            b"source" => self.source = Some(String::new()),
            b"class" => {
                let values = self.xml.values(element, ["name", "filename"])?;
                let [name, path] = &values;
                let path = self.xml.string(path)?;
                if path.is_empty() {
                    return Err(self.xml.error(Problem::Missing("the file name of the class")));
                }
                self.class = Some(Class {
                    name: self.xml.string(name)?,
                    path,
                    file: FileBuilder::default(),
                    of_methods: Vec::new(),
                    has_lines: false,
                });
            }
            b"methods" => self.in_methods = true,
            b"method" => {
                let values = self.xml.values(element, ["name", "signature"])?;
                let [name, signature] = &values;
                let (mut name, signature) = (self.xml.string(name)?, self.xml.string(signature)?);
                // Methods with a signature belong to a class; `gcovr` and we put plain functions here.
                if let (false, Some(class)) = (signature.is_empty(), &self.class) {
                    name = format!("{}.{name}{signature}", class.name);
                }
                self.method = Some(Method { name, start: u32::MAX, end: 0, hits: None });
            }
            b"lines" if !self.in_methods => {
                if let Some(class) = &mut self.class {
                    class.has_lines = true;
                }
            }
            b"line" => {
                let line = self.line(element)?;
                if let Some(class) = &mut self.class {
                    match &mut self.method {
                        Some(method) => {
                            method.start = method.start.min(line.number);
                            method.end = method.end.max(line.number);
                            method.hits = Some(method.hits.unwrap_or(0).max(line.hits));
                            class.of_methods.push(line);
                        }
                        None => add(&mut class.file, &line),
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &[u8]) -> Result<(), CoverageError> {
        match name {
            b"source" => {
                let source = self.source.take().unwrap_or_default();
                let source = source.trim();
                if !source.is_empty() {
                    self.coverage.roots.insert(source.to_owned());
                }
            }
            b"methods" => self.in_methods = false,
            b"method" => {
                // One without lines has no code.
                if let (Some(method), Some(class)) = (self.method.take(), &mut self.class)
                    && let Some(hits) = method.hits
                {
                    class.file.function(method.start, method.end, hits, &method.name);
                }
            }
            b"class" => {
                if let Some(mut class) = self.class.take() {
                    if !class.has_lines {
                        class.of_methods.iter().for_each(|line| add(&mut class.file, line));
                    }
                    let file = class.file.take(Format::Cobertura);
                    self.files.push(class.path, file).map_err(|problem| self.xml.error(problem))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn line(&mut self, element: &Element<'_>) -> Result<Line, CoverageError> {
        let [number, hits, branch, coverage, missing] = self
            .xml
            .values(element, ["number", "hits", "branch", "condition-coverage", "missing-branches"])?;
        let number = self.xml.number(&number, "the number of the line")?;
        let hits = self.xml.count(&hits, "hits", &mut self.coverage.warnings)?;
        let hits = hits.ok_or_else(|| self.xml.error(Problem::Missing("`hits`")))?;
        let branches = self.branches(&coverage)?;
        let told = branch.as_deref().is_some_and(|branch| branch.eq_ignore_ascii_case(b"true"));
        if told && branches.is_none() {
            self.coverage.warnings.add(WarningKind::BranchesNotTold, self.xml.line(), b"");
        }
        let missing = match (branches, missing.is_some()) {
            (Some((covered, total)), true) => {
                let names = self.xml.string(&missing)?;
                let told = names.split(',').filter(|name| !name.trim().is_empty()).count();
                (told == (total - covered) as usize).then(|| names.into_boxed_str())
            }
            // All were taken, so none is missing.
            (Some((covered, total)), false) if covered == total => Some("".into()),
            _ => None,
        };
        Ok(Line { number, hits, branches, missing })
    }

    /// `50% (1/2)`: one of two.
    fn branches(&self, value: &Value<'_>) -> Result<Option<(u32, u32)>, CoverageError> {
        let Some(text) = value.as_deref() else { return Ok(None) };
        let numbers = || {
            let open = memchr::memchr(b'(', text)?;
            let close = memchr::memrchr(b')', text)?;
            let inside = text.get(open + 1..close)?;
            let slash = memchr::memchr(b'/', inside)?;
            Some((
                crate::count::number(inside.get(..slash)?)?,
                crate::count::number(inside.get(slash + 1..)?)?,
            ))
        };
        let Some((covered, total)) = numbers() else { return Ok(None) };
        if total > MAX_COUNTED {
            return Err(self.xml.not_a_number("the number of branches", text));
        }
        if covered > total {
            let (covered, total) = (u64::from(covered), u64::from(total));
            return Err(self.xml.error(Problem::Inconsistent { what: "branches", covered, total }));
        }
        Ok((total > 0).then_some((covered, total)))
    }
}

fn add(file: &mut FileBuilder, line: &Line) {
    file.line(line.number, line.hits);
    if let Some((covered, total)) = line.branches {
        file.counted_branches(line.number, covered, total);
        if let Some(missing) = &line.missing {
            file.missing_branches(line.number, missing);
        }
    }
}
