//! No CI, or none that is known: the report's text is all there is.

use crate::build::BuildFacts;
use crate::context::Vars;
use crate::{Annotation, CiContext, Effect, Output, Provider, Trust};

pub(crate) struct Terminal {
    context: CiContext,
}

impl Terminal {
    pub(crate) fn new(vars: Vars<'_>) -> Self {
        // Every CI sets it, also those that are not known here.
        let trust = if vars.has("CI") && vars.get("CI").as_deref() != Some("false") {
            Trust::unknown("this CI is not known, and may run what a stranger wrote")
        } else {
            Trust::Trusted
        };
        // A CI that is not known is no person's machine.
        let build = trust.is_trusted().then(BuildFacts::local);
        Self { context: CiContext { line_anchor: "#L", build, trust, ..CiContext::default() } }
    }
}

impl Provider for Terminal {
    fn id(&self) -> &'static str {
        "terminal"
    }

    fn outputs(&self, _: &[Output]) -> Vec<Effect> {
        Vec::new()
    }

    fn variables(&self, _: &[Output]) -> Vec<Effect> {
        Vec::new()
    }

    fn annotations(&self, _: &[Annotation]) -> Vec<Effect> {
        Vec::new()
    }

    fn summary(&self, _: &str) -> Vec<Effect> {
        Vec::new()
    }

    fn mask(&self, _: &str) -> Vec<Effect> {
        Vec::new()
    }

    fn context(&self) -> &CiContext {
        &self.context
    }
}
