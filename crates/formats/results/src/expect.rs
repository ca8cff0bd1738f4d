//! Which tests there have to be: a list that a tool makes without running them, or an earlier result.

use lw_hashed::HashMap;
use lw_model::lists::sort;
use lw_syntax::Position;

use crate::detect::{Format, detect, read};
use crate::error::{Problem, ResultsError};
use crate::lines::Lines;
use crate::model::{Case, Run};
use crate::text::clean;

/// A list of tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Who made it: `pytest --collect-only`, `ctest -N`.
    pub source: &'static str,
    tests: Vec<(Option<Box<str>>, Box<str>)>,
}

/// What differs between a list and a result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// On the list, and not in the result.
    pub missing: Vec<String>,
    /// In the result, and not on the list.
    pub unexpected: Vec<String>,
    /// More often in the result than on the list.
    pub duplicate: Vec<String>,
}

impl Expected {
    /// Reads a list: of `pytest --collect-only -q`, `cargo nextest list`, `ctest -N` or `go test -list`, or a result file of any
    /// format.
    ///
    /// # Errors
    /// When it is none of these, or its end is missing.
    pub fn read(bytes: &[u8]) -> Result<Self, ResultsError> {
        let (text, _) = clean(bytes);
        if text.trim().is_empty() {
            return Err(ResultsError::Empty);
        }
        let list = if text.lines().any(|line| ctest(line).is_some()) {
            of_ctest(&text)
        } else if text.lines().any(|line| line.contains(".py::")) {
            of_pytest(&text)
        } else if text.lines().any(|line| line.starts_with("ok  \t")) {
            Ok(of_go(&text))
        } else if detect(bytes).is_some() {
            return read(bytes).map(|run| Self::of_run(&run));
        } else {
            return of_nextest(bytes);
        };
        list.map_err(|problem| ResultsError::Malformed {
            format: Format::Junit,
            at: Position::line(text.lines().count().max(1) as u64),
            problem,
        })
    }

    fn of_run(run: &Run) -> Self {
        let tests = run.cases().map(|(_, case)| (Some(case.class.clone()), case.name.clone())).collect();
        Self { source: "an earlier result", tests }
    }

    /// Adds the tests of another list.
    pub fn extend(&mut self, other: Self) {
        if other.source != self.source {
            self.source = "several lists";
        }
        self.tests.extend(other.tests);
    }

    /// How many tests are on the list.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tests.len()
    }

    /// Whether the list is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// Holds a result to the list. A test is what its class and name are; lists that tell no class are held to the name.
    #[must_use]
    pub fn compare<'c>(&self, cases: impl Iterator<Item = &'c Case>) -> Compared {
        let with_class = self.tests.iter().all(|(class, _)| class.is_some());
        // How often each is expected, and how often it is there.
        let mut known: HashMap<(&str, &str), (u64, u64)> = HashMap::with_capacity(self.tests.len());
        for (class, name) in &self.tests {
            known.entry((class.as_deref().unwrap_or_default(), name)).or_default().0 += 1;
        }
        let mut compared = Compared::default();
        for case in cases {
            let key = (if with_class { &*case.class } else { "" }, &*case.name);
            match known.get_mut(&key) {
                Some((expected, there)) => {
                    *there += 1;
                    if *there == *expected + 1 {
                        compared.duplicate.push(case.id());
                    }
                }
                // Sub-tests of Go are on no list.
                None => {
                    let parent = case.name.split('/').next().unwrap_or_default();
                    let is_sub = self.source == GO && known.contains_key(&(key.0, parent));
                    if !is_sub {
                        compared.unexpected.push(case.id());
                    }
                }
            }
        }
        for ((class, name), (expected, there)) in known {
            for _ in there..expected {
                let id = if class.is_empty() { name.to_owned() } else { format!("{class} {name}") };
                compared.missing.push(id);
            }
        }
        sort(&mut compared.missing);
        sort(&mut compared.unexpected);
        sort(&mut compared.duplicate);
        compared
    }
}

const GO: &str = "go test -list";

/// `  Test #1: name`, or with ` (Disabled)` behind it.
fn ctest(line: &str) -> Option<&str> {
    let (number, name) =
        line.trim_start().strip_prefix("Test ")?.trim_start().strip_prefix('#')?.split_once(": ")?;
    number.trim().parse::<u64>().ok()?;
    Some(name.strip_suffix(" (Disabled)").unwrap_or(name))
}

fn of_ctest(text: &str) -> Result<Expected, Problem> {
    let tests: Vec<_> = text.lines().filter_map(ctest).map(|name| (None, name.into())).collect();
    let total =
        text.lines().find_map(|line| line.strip_prefix("Total Tests: ")?.trim().parse::<usize>().ok());
    match total {
        Some(total) if total == tests.len() => Ok(Expected { source: "ctest -N", tests }),
        _ => Err(Problem::Truncated("the line `Total Tests: N` of all its tests")),
    }
}

/// `tests/test_a.py::TestClass::test_b[1]`, ended by `3 tests collected in 0.01s`.
fn of_pytest(text: &str) -> Result<Expected, Problem> {
    let mut tests = Vec::new();
    for line in text.lines().filter(|line| line.contains(".py::")) {
        // Parameters hold anything.
        let (id, parameters) = line.split_at(line.find('[').unwrap_or(line.len()));
        let Some((place, name)) = id.rsplit_once("::") else { continue };
        let (file, classes) = place.split_once("::").unwrap_or((place, ""));
        let module = file.strip_suffix(".py").unwrap_or(file).replace('/', ".");
        let class =
            if classes.is_empty() { module } else { format!("{module}.{}", classes.replace("::", ".")) };
        tests.push((Some(class.into()), format!("{name}{parameters}").into()));
    }
    let is_end = |line: &str| {
        let line = line.trim_matches(['=', ' ']);
        line.contains(" collected") && line.starts_with(|c: char| c.is_ascii_digit())
    };
    match text.lines().find(|line| is_end(line)) {
        None => Err(Problem::Truncated("the line `N tests collected`")),
        Some(line) if line.contains("error") => {
            Err(Problem::Syntax("pytest could not collect all tests".into()))
        }
        Some(_) => Ok(Expected { source: "pytest --collect-only", tests }),
    }
}

/// Names, and below them `ok  <TAB>package<TAB>0.003s`.
fn of_go(text: &str) -> Expected {
    let (mut tests, mut names) = (Vec::new(), Vec::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("ok  \t") {
            let package = rest.split('\t').next().unwrap_or_default();
            tests.extend(names.drain(..).map(|name: &str| (Some(Box::from(package)), Box::from(name))));
        } else if line.starts_with("Test") || line.starts_with("Example") || line.starts_with("Fuzz") {
            names.push(line.trim());
        }
    }
    Expected { source: GO, tests }
}

/// `binary-id test::name`, or the binary with a colon and its tests below, as on a terminal.
fn of_nextest(bytes: &[u8]) -> Result<Expected, ResultsError> {
    let mut tests = Vec::new();
    let mut binary: Option<String> = None;
    for raw in Lines::new(bytes) {
        let (line, _) = clean(raw);
        if line.trim().is_empty() || line.starts_with("    bin:") || line.starts_with("    cwd:") {
            continue;
        }
        if let Some(name) = line.strip_prefix("    ").filter(|_| binary.is_some()) {
            let name = name.trim().strip_suffix(" (skipped)").unwrap_or(name.trim());
            tests.push((binary.as_deref().map(Box::from), name.into()));
        } else if let Some(name) = line.strip_suffix(':').filter(|name| !name.contains(' ')) {
            binary = Some(name.to_owned());
        } else if let Some((id, name)) = line.split_once(' ').filter(|(_, name)| !name.contains(' ')) {
            tests.push((Some(id.into()), name.into()));
        } else {
            let start = line.chars().take(60).collect::<String>().escape_debug().to_string();
            return Err(ResultsError::Unknown { start });
        }
    }
    Ok(Expected { source: "cargo nextest list", tests })
}
