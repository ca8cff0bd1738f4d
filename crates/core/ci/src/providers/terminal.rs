//! No CI, or none that is known: the report's text is all there is.

use crate::{Annotation, CiContext, Effect, Output, Provider};

pub(crate) struct Terminal {
    context: CiContext,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        Self { context: CiContext { line_anchor: "#L", ..CiContext::default() } }
    }
}

impl Provider for Terminal {
    fn id(&self) -> &'static str {
        "terminal"
    }

    fn outputs(&self, _: &[Output]) -> Vec<Effect> {
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
