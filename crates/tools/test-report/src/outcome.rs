//! How the test step ended, as its CI or its exit code says.

use lw_cli::{Context, Error};

use crate::inputs::Input;

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Which files it is about; all without one.
    pub(crate) pattern: Option<String>,
    /// What was said: `1`, `failure`.
    pub(crate) said: String,
    /// Whether that is success.
    pub(crate) success: bool,
}

/// Reads what `--exit-code` says.
///
/// # Errors
/// When it is no exit code and no word for one, or is said twice of all files.
pub(crate) fn parse(texts: &[String], cx: &Context) -> Result<Vec<Outcome>, Error> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let (pattern, said) = match text.rsplit_once('=') {
            Some((pattern, said)) => (Some(pattern.trim().to_owned()), said.trim()),
            None => (None, text.trim()),
        };
        let origin = cx.origin("exit_code", index).text;
        let success = match said {
            "success" => true,
            // GitHub's words for steps and jobs.
            "failure" | "cancelled" | "skipped" => false,
            number => match number.parse::<i64>() {
                Ok(code) => code == 0,
                Err(_) => {
                    return Err(Error::usage(format!("{origin}: `{said}` is no exit code"))
                        .hint("give a number, `success` or `failure`, such as ${{ steps.test.outcome }}"));
                }
            },
        };
        if outcomes.iter().any(|known| known.pattern == pattern) {
            return Err(Error::usage(format!("{origin}: two exit codes are given for the same files"))
                .hint("write --exit-code GLOB=CODE for each group of files"));
        }
        outcomes.push(Outcome { pattern, said: said.to_owned(), success });
    }
    Ok(outcomes)
}

impl Outcome {
    /// Whether failed tests alone end a step like this: not where it was killed, ran out of time or was cancelled. Shells and
    /// `timeout` keep 124 and more for that; tools end with 1, 8 (CTest), 100 (nextest), 101 (cargo) and the like.
    pub(crate) fn is_of_tests(&self) -> bool {
        self.said == "failure" || self.said.parse::<i64>().is_ok_and(|code| (1..124).contains(&code))
    }

    /// Whether it is about a result: by the path as the user names it, or as reports do.
    pub(crate) fn is_about(&self, input: &Input) -> bool {
        let fits = |pattern: &str, name: &str| pattern == name || fast_glob::glob_match(pattern, name);
        self.pattern
            .as_deref()
            .is_none_or(|pattern| fits(pattern, &input.given) || fits(pattern, &input.file))
    }
}
