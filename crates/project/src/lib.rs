//! What a repository is made of, and the configuration and workflow that fit it.
//!
//! [`survey`] looks at a [`Tree`](lw_dependencies::Tree) and says which parts it has, by the files their build tools have.
//! [`configuration`] and [`workflow`] write what fits them. Nothing is asked, run or written here; who calls says
//! [what was measured](Figures) of what is built already.
//!
//! Names of folders and files are those of whoever wrote the repository, and stand in a workflow that runs: a part whose
//! name holds anything but letters, digits and `._/-` is told of and left out.

mod configuration;
mod survey;
mod workflow;

pub use configuration::{Figures, SCHEMA, configuration};
pub use survey::{Kind, Left, Part, Project, SurveyError, Toolchain, survey};
pub use workflow::workflow;
