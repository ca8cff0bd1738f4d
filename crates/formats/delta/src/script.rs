//! What a patch does, whatever its encoding.

/// One step: take bytes of the base and add differences to them, then take new bytes, then move in the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// How many bytes are the base's with a difference added.
    pub diff: usize,
    /// How many new bytes follow.
    pub extra: usize,
    /// How far the position in the base is moved afterwards, from the end of what was read of it.
    pub seek: i64,
}

/// The steps that make a target of a base.
#[derive(Clone, Debug)]
pub struct Script<'a> {
    pub(crate) base: &'a [u8],
    pub(crate) target: &'a [u8],
    steps: Vec<Step>,
}

/// The bytes of one step.
pub(crate) struct Piece<'a> {
    pub(crate) step: Step,
    /// What is read of the base.
    pub(crate) from: &'a [u8],
    /// What becomes of it.
    pub(crate) to: &'a [u8],
    /// What is new.
    pub(crate) extra: &'a [u8],
}

impl<'a> Script<'a> {
    pub(crate) fn new(base: &'a [u8], target: &'a [u8], steps: Vec<Step>) -> Self {
        Self { base, target, steps }
    }

    /// The steps, in the order of the target.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The steps with their bytes.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = Piece<'a>> + '_ {
        let mut at = 0;
        let mut rest = self.target;
        self.steps.iter().map(move |step| {
            // The matcher stays inside both; a step that did not would be cut, and the patch's target digest would tell.
            let from = self.base.get(at..).unwrap_or_default();
            let from = from.get(..step.diff).unwrap_or(from);
            let (to, after) = rest.split_at(step.diff.min(rest.len()));
            let (extra, after) = after.split_at(step.extra.min(after.len()));
            rest = after;
            at = at.saturating_add(step.diff).saturating_add_signed(isize::try_from(step.seek).unwrap_or(0));
            Piece { step: *step, from, to, extra }
        })
    }
}

impl Piece<'_> {
    /// Appends what is added to the base's bytes.
    pub(crate) fn write_diff(&self, out: &mut Vec<u8>) {
        out.extend(self.to.iter().zip(self.from).map(|(to, from)| to.wrapping_sub(*from)));
    }
}
