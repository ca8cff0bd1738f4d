//! Exit codes, the same for every tool.

use lw_model::Class;

/// How a run ended, as the shell sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The gate passed, or there was nothing to gate. A closed pipe is no failure either.
    Pass = 0,
    /// The gate failed: a limit is breached.
    Gate = 1,
    /// The command line, an input of the action or `lw.toml` is wrong.
    Usage = 2,
    /// An input file is missing, unreadable or malformed.
    Input = 3,
    /// A remote service failed, or a file could not be written.
    Remote = 4,
    /// A defect of the suite: a panic, caught and said.
    Internal = 5,
}

impl Exit {
    /// Every code with what it means, for `--help` and the docs.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Pass, "passed"),
        (Self::Gate, "the gate failed"),
        (Self::Usage, "wrong usage or configuration"),
        (Self::Input, "an input is missing, unreadable or malformed"),
        (Self::Remote, "a remote service or a write failed"),
        (Self::Internal, "internal error"),
    ];
}

impl From<Class> for Exit {
    fn from(class: Class) -> Self {
        match class {
            Class::Usage => Self::Usage,
            Class::Input => Self::Input,
            Class::Remote => Self::Remote,
            Class::Internal => Self::Internal,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
