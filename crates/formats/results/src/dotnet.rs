//! The XML of .NET: TRX of Visual Studio, NUnit 3 and xUnit 2.

use lw_hashed::HashMap;
use lw_syntax::xml::{Element, Node, Value, Xml, XmlError, resolve};

use crate::detect::{Format, decoded};
use crate::error::{Problem, ResultsError};
use crate::junit::of_xml;
use crate::model::{Attempt, Case, End, Evidence, OddityKind, Run, State, Suite, TroubleKind};
use crate::text::{Excerpt, Span, clock, seconds, short};
use crate::words::{self, NUNIT, TRX, XUNIT};

const MAX_DEPTH: usize = 100;

/// What the three readers share: the document, the run, and the text that is being collected.
struct Document<'a> {
    xml: Xml<'a>,
    format: Format,
    run: Run,
    /// Names of the elements that are open.
    open: Vec<Box<[u8]>>,
    rooted: bool,
}

/// A part of the document.
enum Part<'a> {
    Open(Element<'a>),
    Close(Box<[u8]>),
    Text(Vec<u8>),
    End,
}

impl<'a> Document<'a> {
    fn new(bytes: &'a [u8], format: Format) -> Self {
        Self {
            xml: Xml::new(bytes, MAX_DEPTH),
            format,
            run: Run::new(format, End::Marked),
            open: Vec::new(),
            rooted: false,
        }
    }

    fn error(&self, problem: Problem) -> ResultsError {
        ResultsError::Malformed { format: self.format, at: self.xml.position(), problem }
    }

    fn xml_error(&self, error: XmlError) -> ResultsError {
        self.error(of_xml(error))
    }

    fn next(&mut self) -> Result<Part<'a>, ResultsError> {
        Ok(match self.xml.next().map_err(|error| self.xml_error(error))? {
            Node::Open(element) => {
                if self.open.is_empty() && std::mem::replace(&mut self.rooted, true) {
                    return Err(self.error(Problem::Syntax("a second root element".into())));
                }
                self.open.push(element.name().into());
                Part::Open(element)
            }
            Node::Close(_) => Part::Close(self.open.pop().unwrap_or_default()),
            Node::Text(text) if self.open.is_empty() && !text.trim_ascii().is_empty() => {
                return Err(self.error(Problem::Syntax("text outside of the root element".into())));
            }
            Node::Text(text) => Part::Text(text.into_owned()),
            Node::End if !self.rooted => return Err(self.error(Problem::Missing("the root element"))),
            Node::End => Part::End,
        })
    }

    fn values<const N: usize>(
        &mut self,
        element: &Element<'_>,
        names: [&str; N],
    ) -> Result<[Box<str>; N], ResultsError> {
        let values = element.values(names).map_err(|error| self.xml_error(error))?;
        let mut texts = [const { String::new() }; N].map(String::into_boxed_str);
        for (text, value) in texts.iter_mut().zip(&values) {
            *text = self.string(value)?;
        }
        Ok(texts)
    }

    fn string(&mut self, value: &Value<'_>) -> Result<Box<str>, ResultsError> {
        let Some(value) = value else { return Ok(Box::default()) };
        let raw = String::from_utf8_lossy(value);
        let text = resolve(&raw).map_err(|error| self.xml_error(error))?;
        let (text, replaced) = short(text.as_bytes());
        let xml = &self.xml;
        self.run.oddities.add(OddityKind::Replaced, replaced, || xml.line());
        Ok(text)
    }

    fn state(&self, table: &str, place: &'static str, word: &str) -> Result<(State, bool), ResultsError> {
        words::state(table, place, word)
            .ok_or_else(|| self.error(Problem::UnknownWord { place, word: word.to_owned() }))
    }

    fn parent(&self) -> &[u8] {
        self.open.last().map(|name| &**name).unwrap_or_default()
    }

    /// Whether an element of this name is open.
    fn within(&self, name: &[u8]) -> bool {
        self.open.iter().any(|open| **open == *name)
    }

    fn promise(&mut self, claimed: u64, claimed_bad: u64) {
        let counts = self.run.counts();
        let outside = self.run.troubles.len() as u64;
        let bad = counts.failed + counts.errors + outside;
        let mut missing = Vec::new();
        if claimed > counts.total() {
            missing.push(format!("{claimed} tests, and there are {}", counts.total()));
        }
        if claimed_bad > bad {
            missing.push(format!("{claimed_bad} failures, and there are {bad}"));
        }
        if !missing.is_empty() {
            let message = format!("the header has {}", missing.join("; it has "));
            self.run.trouble(TroubleKind::Promise, "", Evidence::message(message));
        }
    }

    fn finish(mut self) -> Run {
        self.run.suites.retain(|suite| !suite.cases.is_empty());
        self.run
    }
}

/// What is said about the case or the trouble that is being read.
#[derive(Default)]
struct Said {
    message: Excerpt,
    trace: Excerpt,
    output: Option<Excerpt>,
}

impl Said {
    fn take(&mut self) -> Evidence {
        let (message, _) = std::mem::take(&mut self.message).finish();
        let (detail, _) = std::mem::take(&mut self.trace).finish();
        let output = self.output.take().map(|output| output.finish().0).unwrap_or_default();
        Evidence { message: short(message.trim().as_bytes()).0, detail, output }
    }

    fn output(&mut self) -> &mut Excerpt {
        self.output.get_or_insert_with(Excerpt::of_output)
    }
}

fn with(mut attempt: Attempt, evidence: Evidence) -> Attempt {
    if attempt.state != State::Passed || attempt.warned {
        attempt.evidence = Some(Box::new(evidence));
    }
    attempt
}

fn number(text: &str) -> u64 {
    text.trim().parse().unwrap_or(0)
}

/// Reads TRX (`vstst.xsd` of Visual Studio).
pub(crate) fn read_trx(bytes: &[u8]) -> Result<Run, ResultsError> {
    let text = decoded(Format::Trx, bytes)?;
    let mut document = Document::new(text.as_deref().unwrap_or(bytes), Format::Trx);
    let mut said = Said::default();
    // Results with data rows nest: the rows are the tests.
    let mut open: Vec<(String, Case, bool)> = Vec::new();
    let mut suite = Suite::default();
    let mut ids: Vec<String> = Vec::new();
    let mut classes: HashMap<String, Box<str>> = HashMap::new();
    let mut unit_test = String::new();
    let mut info: Option<Box<str>> = None;
    let mut summary: Option<(Box<str>, u64, u64)> = None;
    loop {
        match document.next()? {
            Part::Open(element) => match element.name() {
                b"UnitTestResult" | b"TestResultAggregation" | b"GenericTestResult" | b"ManualTestResult" => {
                    let [name, outcome, duration, id] =
                        document.values(&element, ["testName", "outcome", "duration", "testId"])?;
                    // A result without an outcome is one that did not come to its end (`vstst.xsd`: the default is Error).
                    let word = if outcome.is_empty() { "Error" } else { &*outcome };
                    let (state, warned) = document.state(TRX, "outcome", word)?;
                    let mut case = Case::new("", name, Attempt { warned, ..Attempt::new(state) });
                    case.last.duration = clock(&duration);
                    if let Some((.., has_rows)) = open.last_mut() {
                        *has_rows = true;
                    }
                    open.push((id.into(), case, false));
                    said = Said::default();
                }
                b"UnitTest" => {
                    let [id] = document.values(&element, ["id"])?;
                    unit_test = id.into();
                }
                b"TestMethod" => {
                    let [class] = document.values(&element, ["className"])?;
                    // `Namespace.Class, Assembly, Version=…` in older files.
                    let class = class.split(',').next().unwrap_or_default();
                    classes.insert(std::mem::take(&mut unit_test), class.into());
                }
                b"ResultSummary" => {
                    let [outcome] = document.values(&element, ["outcome"])?;
                    summary = Some((outcome, 0, 0));
                }
                b"Times" => {
                    let [start, finish] = document.values(&element, ["start", "finish"])?;
                    let mut span = Span::default();
                    span.add(&start);
                    span.add(&finish);
                    document.run.wall = span.duration();
                }
                b"Counters" => {
                    let [total, failed, error, timeout, aborted] =
                        document.values(&element, ["total", "failed", "error", "timeout", "aborted"])?;
                    if let Some((_, tests, bad)) = &mut summary {
                        *tests = number(&total);
                        *bad = [failed, error, timeout, aborted].iter().map(|text| number(text)).sum();
                    }
                }
                b"RunInfo" => {
                    let [outcome] = document.values(&element, ["outcome"])?;
                    info = Some(outcome);
                    said = Said::default();
                }
                _ => {}
            },
            Part::Text(text) => match document.parent() {
                b"Message" => said.message.push(&text),
                b"Text" if info.is_some() => said.message.push(&text),
                b"StackTrace" => said.trace.push(&text),
                b"StdOut" | b"StdErr" if !open.is_empty() => said.output().push(&text),
                _ => {}
            },
            Part::Close(name) => match &*name {
                b"UnitTestResult" | b"TestResultAggregation" | b"GenericTestResult" | b"ManualTestResult" => {
                    if let Some((id, mut case, has_rows)) = open.pop() {
                        let evidence = said.take();
                        if !has_rows {
                            case.last = with(case.last, evidence);
                            suite.cases.push(case);
                            ids.push(id);
                        }
                    }
                }
                b"RunInfo" => {
                    let outcome = info.take().unwrap_or_default();
                    let evidence = said.take();
                    if matches!(&*outcome, "Error" | "Failed" | "Aborted" | "Timeout") {
                        document.run.trouble(TroubleKind::Crash, "", evidence);
                    }
                }
                _ => {}
            },
            Part::End => break,
        }
    }
    for (case, id) in suite.cases.iter_mut().zip(&ids) {
        if let Some(class) = classes.get(id) {
            case.class = class.clone();
            if let Some(name) = case.name.strip_prefix(&**class).and_then(|name| name.strip_prefix('.')) {
                case.name = name.into();
            }
        }
    }
    document.run.suites.push(suite);
    match summary {
        None => return Err(document.error(Problem::Missing("`ResultSummary`"))),
        Some((outcome, tests, bad)) => {
            // Data rows are tests here, and one in the header.
            document.promise(tests, bad);
            let is_red = !matches!(&*outcome, "Completed" | "Passed" | "Warning" | "Inconclusive");
            if is_red && !document.run.is_red() {
                let message = format!("the outcome of the run is {outcome}, though none of its tests failed");
                document.run.trouble(TroubleKind::Suite, "", Evidence::message(message));
            }
        }
    }
    Ok(document.finish())
}

/// A suite of NUnit that is open: name, state, where it failed, and what is said of it.
type NunitSuite = (Box<str>, State, Box<str>, Option<Evidence>);

/// Reads NUnit 3 (docs.nunit.org, "Test Result XML Format").
pub(crate) fn read_nunit(bytes: &[u8]) -> Result<Run, ResultsError> {
    let text = decoded(Format::Nunit, bytes)?;
    let mut document = Document::new(text.as_deref().unwrap_or(bytes), Format::Nunit);
    let mut said = Said::default();
    let mut case: Option<Case> = None;
    let mut suites: Vec<NunitSuite> = Vec::new();
    let mut cases: HashMap<Box<str>, usize> = HashMap::new();
    let mut claimed = (0, 0);
    loop {
        match document.next()? {
            Part::Open(element) => match element.name() {
                b"test-run" => {
                    let [total, failed, time] = document.values(&element, ["total", "failed", "duration"])?;
                    document.run.took(seconds(&time));
                    claimed = (number(&total), number(&failed));
                }
                b"test-suite" => {
                    let [name, result, site] = document.values(&element, ["fullname", "result", "site"])?;
                    let state = match &*result {
                        "" => State::Passed,
                        word => document.state(NUNIT, "result", word)?.0,
                    };
                    suites.push((name, state, site, None));
                }
                b"test-case" => {
                    let [name, class, result, label, duration] =
                        document.values(&element, ["name", "classname", "result", "label", "duration"])?;
                    let (mut state, warned) = document.state(NUNIT, "result", &result)?;
                    if state == State::Failed && matches!(&*label, "Error" | "Invalid" | "Cancelled") {
                        state = State::Error;
                    }
                    let class = if class.is_empty() {
                        suites.last().map(|(name, ..)| name.clone()).unwrap_or_default()
                    } else {
                        class
                    };
                    let mut read = Case::new(class, name, Attempt { warned, ..Attempt::new(state) });
                    read.last.duration = seconds(&duration);
                    case = Some(read);
                    said = Said::default();
                }
                b"failure" | b"reason" if case.is_none() => said = Said::default(),
                _ => {}
            },
            Part::Text(text) => match document.parent() {
                // A case has a message in `failure` or `reason`, and again in each of its `assertion`s.
                b"message" if !document.within(b"assertions") => said.message.push(&text),
                b"stack-trace" if !document.within(b"assertions") => said.trace.push(&text),
                b"output" if case.is_some() => said.output().push(&text),
                _ => {}
            },
            Part::Close(name) => match &*name {
                b"test-case" => {
                    if let Some(mut read) = case.take() {
                        read.last = with(read.last, said.take());
                        let run = &mut document.run;
                        let at = *cases.entry(read.class.clone()).or_insert_with(|| {
                            run.suites.push(Suite { name: read.class.clone(), cases: Vec::new() });
                            run.suites.len() - 1
                        });
                        if let Some(suite) = run.suites.get_mut(at) {
                            suite.cases.push(read);
                        }
                    }
                }
                b"failure" if case.is_none() => {
                    if let Some((.., evidence)) = suites.last_mut() {
                        *evidence = Some(said.take());
                    }
                }
                b"test-suite" => {
                    if let Some((name, state, site, evidence)) = suites.pop() {
                        // `Child` and `Parent` repeat what is told elsewhere.
                        let its_own = matches!(&*site, "SetUp" | "TearDown" | "Test");
                        if state.is_bad() && its_own {
                            document.run.trouble(TroubleKind::Suite, &name, evidence.unwrap_or_default());
                        }
                    }
                }
                b"test-run" => document.promise(claimed.0, claimed.1),
                _ => {}
            },
            Part::End => break,
        }
    }
    Ok(document.finish())
}

/// Reads xUnit 2 (xunit.net, "xUnit.net v2+ XML Format"), which version 3 writes as well.
pub(crate) fn read_xunit(bytes: &[u8]) -> Result<Run, ResultsError> {
    let text = decoded(Format::Xunit, bytes)?;
    let mut document = Document::new(text.as_deref().unwrap_or(bytes), Format::Xunit);
    let mut said = Said::default();
    let mut case: Option<Case> = None;
    let mut assembly: Box<str> = Box::default();
    let mut claimed = (0_u64, 0_u64);
    loop {
        match document.next()? {
            Part::Open(element) => match element.name() {
                b"assembly" => {
                    let [name, total, failed, errors, time] =
                        document.values(&element, ["name", "total", "failed", "errors", "time"])?;
                    document.run.took(seconds(&time));
                    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
                    assembly = name.into();
                    claimed.0 = claimed.0.saturating_add(number(&total));
                    claimed.1 = claimed.1.saturating_add(number(&failed)).saturating_add(number(&errors));
                    document.run.suites.push(Suite { name: assembly.clone(), cases: Vec::new() });
                }
                b"test" => {
                    let [name, class, time, result] =
                        document.values(&element, ["name", "type", "time", "result"])?;
                    let (state, warned) = document.state(XUNIT, "result", &result)?;
                    // The name begins with the class, unless somebody chose another.
                    let short = name.strip_prefix(&*class).and_then(|rest| rest.strip_prefix('.'));
                    let mut read = Case::new(
                        class.clone(),
                        short.unwrap_or(&name),
                        Attempt { warned, ..Attempt::new(state) },
                    );
                    read.last.duration = seconds(&time);
                    case = Some(read);
                    said = Said::default();
                }
                b"error" if case.is_none() => said = Said::default(),
                _ => {}
            },
            Part::Text(text) => match document.parent() {
                b"message" | b"reason" => said.message.push(&text),
                b"stack-trace" => said.trace.push(&text),
                b"output" if case.is_some() => said.output().push(&text),
                _ => {}
            },
            Part::Close(name) => match &*name {
                b"test" => {
                    if let (Some(mut read), Some(suite)) = (case.take(), document.run.suites.last_mut()) {
                        read.last = with(read.last, said.take());
                        suite.cases.push(read);
                    }
                }
                b"error" if case.is_none() => {
                    document.run.trouble(TroubleKind::Suite, &assembly, said.take());
                }
                _ => {}
            },
            Part::End => break,
        }
    }
    document.promise(claimed.0, claimed.1);
    Ok(document.finish())
}
