//! JaCoCo XML (`report.dtd` 1.1).
//!
//! Only what is under `sourcefile` counts for lines and branches. A line is covered when any of its
//! instructions ran. How often is not recorded, so a hit says that it ran. Paths are package and file, without
//! the folder of the sources; groups, the modules of a build, come before them.

use lw_hashed::HashMap;

use crate::error::{CoverageError, Problem};
use crate::files::Files;
use crate::model::{Counts, Coverage, FileBuilder, Format, MAX_COUNTED, Metric, WarningKind};
use crate::xml::{Element, Node, Xml};

pub(crate) fn read(bytes: &[u8]) -> Result<Coverage, CoverageError> {
    let mut reader = Reader {
        xml: Xml::new(bytes, Format::Jacoco),
        coverage: Coverage { formats: Format::Jacoco.into(), ..Coverage::default() },
        files: Files::default(),
        folders: Vec::new(),
        source: None,
        class: None,
        homeless: Vec::new(),
        sources: Vec::new(),
        method: None,
        file: FileBuilder::default(),
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
    /// Groups, then the package.
    folders: Vec<String>,
    source: Option<String>,
    class: Option<Class>,
    /// Methods of the classes of a package that do not say which source file they are of (before JaCoCo 0.8).
    homeless: Vec<Homeless>,
    /// Names of the source files of the package, without what stands after their last dot.
    sources: Vec<String>,
    method: Option<(String, u32)>,
    file: FileBuilder,
}

struct Class {
    name: String,
    source: Option<String>,
    /// Its methods: first line, whether it ran, name.
    methods: Vec<(u32, u64, String)>,
}

struct Homeless {
    line: u64,
    class: Class,
}

impl Reader<'_> {
    fn open(&mut self, element: &Element<'_>) -> Result<(), CoverageError> {
        match element.name() {
            b"group" | b"package" => {
                let [name] = self.xml.values(element, ["name"])?;
                self.folders.push(self.xml.string(&name)?);
            }
            b"class" => {
                let [name, source] = self.xml.values(element, ["name", "sourcefilename"])?;
                let source = source.is_some().then(|| self.xml.string(&source)).transpose()?;
                self.class = Some(Class { name: self.xml.string(&name)?, source, methods: Vec::new() });
            }
            b"method" => {
                let [name, desc, line] = self.xml.values(element, ["name", "desc", "line"])?;
                let line =
                    if line.is_some() { self.xml.number(&line, "the line of the method")? } else { 0 };
                let class = self.class.as_ref().map_or("", |class| &class.name);
                let name = format!("{class}.{}{}", self.xml.string(&name)?, self.xml.string(&desc)?);
                self.method = Some((name, line));
            }
            b"sourcefile" => {
                let [name] = self.xml.values(element, ["name"])?;
                self.source = Some(self.xml.string(&name)?);
            }
            b"line" if self.source.is_some() => self.line(element)?,
            b"counter" => self.counter(element)?,
            _ => {}
        }
        Ok(())
    }

    fn line(&mut self, element: &Element<'_>) -> Result<(), CoverageError> {
        let [nr, mi, ci, mb, cb] = self.xml.values(element, ["nr", "mi", "ci", "mb", "cb"])?;
        if mi.is_none() && ci.is_none() {
            return Err(self.xml.error(Problem::LineWithoutInstructions));
        }
        let nr = self.xml.number(&nr, "the number of the line")?;
        let ci = if ci.is_some() { self.xml.number(&ci, "`ci`")? } else { 0 };
        self.file.line(nr, u64::from(ci > 0));
        let missed = if mb.is_some() { self.xml.number(&mb, "`mb`")? } else { 0 };
        let covered = if cb.is_some() { self.xml.number(&cb, "`cb`")? } else { 0 };
        match covered.checked_add(missed) {
            Some(0) => {}
            Some(total) if total <= MAX_COUNTED => self.file.counted_branches(nr, covered, total),
            _ => return Err(self.xml.not_a_number("`mb`", mb.as_deref().unwrap_or_default())),
        }
        Ok(())
    }

    fn counter(&mut self, element: &Element<'_>) -> Result<(), CoverageError> {
        let [kind, missed, covered] = self.xml.values(element, ["type", "missed", "covered"])?;
        let counts = |xml: &Xml<'_>| -> Result<Counts, CoverageError> {
            let covered = u64::from(xml.number(&covered, "`covered`")?);
            Ok(Counts::new(covered, covered + u64::from(xml.number(&missed, "`missed`")?)))
        };
        match (kind.as_deref(), &self.method, &self.source) {
            (Some(b"METHOD"), Some((name, line)), _) => {
                let counts = counts(&self.xml)?;
                if let Some(class) = &mut self.class {
                    class.methods.push((*line, counts.covered, name.clone()));
                }
            }
            (Some(b"INSTRUCTION"), _, Some(_)) => self.file.tell(Metric::Instruction, counts(&self.xml)?),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &[u8]) -> Result<(), CoverageError> {
        match name {
            b"group" | b"package" => {
                self.settle()?;
                self.folders.pop();
            }
            b"method" => self.method = None,
            b"class" => match self.class.take() {
                Some(Class { source: Some(source), methods, .. }) => {
                    self.add_methods(&methods);
                    if self.file.has_functions() {
                        self.push(&source)?;
                    }
                }
                Some(class) => self.homeless.push(Homeless { line: self.xml.line(), class }),
                None => {}
            },
            b"sourcefile" => {
                if let Some(source) = self.source.take() {
                    self.sources.push(source.clone());
                    if !self.file.has_lines() {
                        let line = self.xml.line();
                        self.coverage.warnings.add(WarningKind::ClassWithoutLines, line, source.as_bytes());
                    }
                    self.push(&source)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn add_methods(&mut self, methods: &[(u32, u64, String)]) {
        for (line, hits, name) in methods {
            self.file.function(*line, 0, *hits, name);
        }
    }

    /// Finds the source files of classes that do not name theirs: that of the outermost class's name, or the only one of
    /// the package, where lines are known. A class compiled without debug information belongs to no file.
    fn settle(&mut self) -> Result<(), CoverageError> {
        let sources = std::mem::take(&mut self.sources);
        let stems: HashMap<&str, &String> = sources
            .iter()
            .map(|source| (source.rsplit_once('.').map_or(source.as_str(), |(stem, _)| stem), source))
            .collect();
        for Homeless { line, class } in std::mem::take(&mut self.homeless) {
            let simple = class.name.rsplit('/').next().unwrap_or_default();
            let outermost = simple.split('$').next().unwrap_or_default();
            // `A.kt` becomes the class `AKt`.
            let stem = outermost.strip_suffix("Kt").unwrap_or(outermost);
            let named = stems.get(outermost).or_else(|| stems.get(stem)).copied();
            let has_lines = class.methods.iter().any(|(line, _, _)| *line > 0);
            let only = || sources.first().filter(|_| has_lines && sources.len() == 1);
            match named.or_else(only) {
                Some(source) if !class.methods.is_empty() => {
                    self.add_methods(&class.methods);
                    self.push(source)?;
                }
                Some(_) => {}
                None => {
                    self.coverage.warnings.add(WarningKind::ClassWithoutLines, line, class.name.as_bytes());
                }
            }
        }
        Ok(())
    }

    fn push(&mut self, source: &str) -> Result<(), CoverageError> {
        if source.is_empty() {
            return Err(self.xml.error(Problem::Missing("the name of the source file")));
        }
        let mut path = String::new();
        for folder in self.folders.iter().filter(|folder| !folder.is_empty()) {
            path.push_str(folder);
            path.push('/');
        }
        path.push_str(source);
        let file = self.file.take(Format::Jacoco);
        self.files.push(path, file).map_err(|problem| self.xml.error(problem))
    }
}
