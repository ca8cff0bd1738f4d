//! Exit codes, the same for every tool.

use lw_model::Class;

/// How a run ended, as the shell sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The gate passed, or there was nothing to gate.
    Pass,
    /// The gate failed: a limit is breached.
    Gate,
    /// The command line, an input of the action or `lw.toml` is wrong.
    Usage,
    /// An input file is missing, unreadable or malformed.
    Input,
    /// A remote service failed, a file could not be written, or the system gave no more memory.
    Remote,
    /// A defect of the suite: a panic, caught and said.
    Internal,
    /// An outcome of a tool's own; see [`Tool::EXIT_CODES`](crate::Tool::EXIT_CODES).
    Own(u8),
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

    /// The number the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Gate => 1,
            Self::Usage => 2,
            Self::Input => 3,
            Self::Remote => 4,
            Self::Internal => 5,
            Self::Own(code) => code,
        }
    }
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
        Self::from(exit.code())
    }
}
