//! Breakdown of a whole into parts, exactly additive.

use serde::{Deserialize, Serialize};

use crate::unit::Unit;

/// A whole and its parts, level by level.
///
/// In every node that has children, their values add up to the node's own value
/// ([`Node::is_additive`]); what belongs to no named part is a child with a role, such as `padding`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tree {
    /// What is broken down: `memory`.
    pub name: String,
    /// Which of several subjects of a run it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Unit of the values.
    pub unit: Unit,
    /// Names of the levels below the root, outermost first.
    pub levels: Vec<String>,
    /// The whole.
    pub root: Node,
}

/// A part, and its own parts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Node {
    /// The name in the input, unchanged, so that two runs can be compared.
    pub name: Box<str>,
    /// The name a person reads, where it differs (a demangled symbol) and the part is large enough to be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Box<str>>,
    /// What kind of part it is when it is none of its level's own: `padding`, `unnamed`, `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Box<str>>,
    /// Value of the part, its own parts included.
    pub value: u64,
    /// The parts of this part; empty for a leaf.
    #[serde(default, skip_serializing_if = "<[Node]>::is_empty")]
    pub children: Box<[Node]>,
}

impl Node {
    /// A part without parts.
    pub fn leaf(name: impl Into<Box<str>>, value: u64) -> Self {
        Self { name: name.into(), value, ..Self::default() }
    }

    /// A part whose value is the sum of its parts.
    pub fn sum(name: impl Into<Box<str>>, children: Vec<Self>) -> Self {
        let value = children.iter().map(|child| child.value).sum();
        Self { name: name.into(), value, children: children.into(), ..Self::default() }
    }

    /// The same part with a role.
    #[must_use]
    pub fn role(mut self, role: &str) -> Self {
        self.role = Some(role.into());
        self
    }

    /// What a person reads: the label, or else the name.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.name)
    }

    /// Whether the children add up to the value here and everywhere below.
    #[must_use]
    pub fn is_additive(&self) -> bool {
        self.children.is_empty()
            || (self.children.iter().try_fold(0u64, |sum, child| sum.checked_add(child.value))
                == Some(self.value)
                && self.children.iter().all(Self::is_additive))
    }
}
