//! What a message nearly is, and what others make of it.

use std::fmt;

/// Something in a message that hardly means what it says by the specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// Line of the message, from 1.
    pub line: usize,
    /// What it is.
    pub near: Near,
}

/// What a message nearly is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Near {
    /// White space before the type.
    LeadingSpace,
    /// An emoji before the type.
    Emoji,
    /// A type and a scope without a colon.
    NoColon,
    /// A space before the colon.
    SpaceBeforeColon,
    /// `feat!(api): …`.
    BangBeforeScope,
    /// `fix(): …`.
    EmptyScope,
    /// Parentheses in a scope.
    ScopeParentheses,
    /// Nothing after the colon.
    EmptyDescription,
    /// No space after the colon.
    NoSpace,
    /// Two words as a type.
    TypeSpace,
    /// A path as a type.
    TypeCharacter,
    /// More than one space after the colon.
    TwoSpaces,
    /// Work in progress.
    Wip,
    /// A commit that was to be squashed (`fixup!`, `squash!`, `amend!`).
    Fixup,
    /// Text right below the description, without a blank line.
    NoBlankLine,
    /// `BREAKING CHANGE: ` where no footer can be: no blank line stands before it.
    BreakingNoBlank,
    /// `breaking change: `.
    BreakingLower,
    /// `BREAKING CHANGE #12`.
    BreakingHash,
    /// `BREAKING CHANGE: ` as an item of a list.
    BreakingList,
    /// `BREAKING CHANGES: `.
    BreakingPlural,
    /// `BREAKING CHANGE` in a sentence.
    BreakingProse,
    /// `BREAKING CHANGE` in a quotation.
    BreakingQuoted,
    /// `BREAKING CHANGE:` without a text behind it.
    BreakingEmpty,
    /// A header with `!` in the list of a squashed message.
    SquashedBreaking,
}

impl Near {
    /// All of them.
    pub const ALL: [Self; 24] = [
        Self::LeadingSpace,
        Self::Emoji,
        Self::NoColon,
        Self::SpaceBeforeColon,
        Self::BangBeforeScope,
        Self::EmptyScope,
        Self::ScopeParentheses,
        Self::EmptyDescription,
        Self::NoSpace,
        Self::TypeSpace,
        Self::TypeCharacter,
        Self::TwoSpaces,
        Self::Wip,
        Self::Fixup,
        Self::NoBlankLine,
        Self::BreakingNoBlank,
        Self::BreakingLower,
        Self::BreakingHash,
        Self::BreakingList,
        Self::BreakingPlural,
        Self::BreakingProse,
        Self::BreakingQuoted,
        Self::BreakingEmpty,
        Self::SquashedBreaking,
    ];

    /// Its name.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::LeadingSpace => "leading-space",
            Self::Emoji => "emoji",
            Self::NoColon => "no-colon",
            Self::SpaceBeforeColon => "space-before-colon",
            Self::BangBeforeScope => "bang-before-scope",
            Self::EmptyScope => "empty-scope",
            Self::ScopeParentheses => "scope-parentheses",
            Self::EmptyDescription => "empty-description",
            Self::NoSpace => "no-space",
            Self::TypeSpace => "type-space",
            Self::TypeCharacter => "type-character",
            Self::TwoSpaces => "two-spaces",
            Self::Wip => "wip",
            Self::Fixup => "fixup",
            Self::NoBlankLine => "no-blank-line",
            Self::BreakingNoBlank => "breaking-no-blank-line",
            Self::BreakingLower => "breaking-lower-case",
            Self::BreakingHash => "breaking-hash",
            Self::BreakingList => "breaking-in-list",
            Self::BreakingPlural => "breaking-plural",
            Self::BreakingProse => "breaking-in-prose",
            Self::BreakingQuoted => "breaking-quoted",
            Self::BreakingEmpty => "breaking-empty",
            Self::SquashedBreaking => "squashed-breaking",
        }
    }

    /// What it means here, and by which clause.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::LeadingSpace => {
                "white space stands before the type, so that this is no conventional message (clause 1)"
            }
            Self::Emoji => {
                "something stands before the type, so that this is no conventional message (clause 1)"
            }
            Self::NoColon => "a colon and a space are missing after the type (clause 1)",
            Self::SpaceBeforeColon => {
                "a space stands before the colon, so that this is no conventional message (clause 1)"
            }
            Self::BangBeforeScope => {
                "the `!` belongs after the scope, so that this is neither conventional nor breaking (clause 13)"
            }
            Self::EmptyScope => "the scope is empty, so that this is no conventional message (clause 4)",
            Self::ScopeParentheses => {
                "the scope holds parentheses, so that this is no conventional message (clause 4)"
            }
            Self::EmptyDescription => {
                "nothing follows the colon, so that this is no conventional message (clause 5)"
            }
            Self::NoSpace => "no space follows the colon, so that this is no conventional message (clause 1)",
            Self::TypeSpace => "a type is one word, so that this is no conventional message (clause 1)",
            Self::TypeCharacter => {
                "a type is a noun and no path, so that this is no conventional message (clause 1)"
            }
            Self::TwoSpaces => "more than one space follows the colon; it counts as one",
            Self::Wip => "work in progress is part of the history; it counts as a message of the type `wip`",
            Self::Fixup => "this was to be squashed into another commit; it is left out",
            Self::NoBlankLine => {
                "no blank line follows the description, so that what does is neither body nor footer (clause 6)"
            }
            Self::BreakingNoBlank => {
                "no blank line stands before it, so that this is no footer and nothing breaking (clause 8)"
            }
            Self::BreakingLower => {
                "it is not in upper case, so that this is nothing breaking (clauses 12 and 15)"
            }
            Self::BreakingHash => {
                "` #` follows in place of a colon, so that this is a footer and nothing breaking (clause 12)"
            }
            Self::BreakingList => {
                "it is an item of a list and no footer, so that this is nothing breaking (clause 8)"
            }
            Self::BreakingPlural => "the word is CHANGE, so that this is nothing breaking (clause 12)",
            Self::BreakingProse => "it is part of a sentence, so that this is nothing breaking (clause 8)",
            Self::BreakingQuoted => "it is a quotation, so that this is nothing breaking (clause 8)",
            Self::BreakingEmpty => {
                "it has no description behind `: `, so that this is nothing breaking (clause 12)"
            }
            Self::SquashedBreaking => {
                "a squashed commit says that it is breaking, and the message that was made of it does not"
            }
        }
    }

    /// What other programs make of it, as they were tried.
    #[must_use]
    pub fn peers(self) -> &'static str {
        match self {
            Self::LeadingSpace => {
                "release-please takes it; git-cliff and conventional-changelog leave it out"
            }
            Self::Emoji
            | Self::SpaceBeforeColon
            | Self::BangBeforeScope
            | Self::TypeSpace
            | Self::NoColon
            | Self::Fixup => "git-cliff, conventional-changelog and release-please leave it out",
            Self::EmptyScope | Self::ScopeParentheses | Self::EmptyDescription => {
                "conventional-changelog takes it; git-cliff leaves it out (release-please takes an empty description only)"
            }
            Self::NoSpace => "git-cliff and release-please take it; conventional-changelog leaves it out",
            Self::TypeCharacter => {
                "git-cliff and release-please take it; conventional-changelog leaves it out"
            }
            Self::TwoSpaces | Self::Wip => {
                "git-cliff, conventional-changelog and release-please take it as well"
            }
            Self::NoBlankLine => "git-cliff leaves such a commit out altogether; the others read on",
            Self::BreakingNoBlank => {
                "conventional-changelog and release-please make a major release of it; git-cliff leaves the commit out"
            }
            Self::BreakingLower => {
                "conventional-changelog makes a major release of it; git-cliff and release-please do not"
            }
            Self::BreakingHash => {
                "git-cliff, conventional-changelog and release-please make a major release of it"
            }
            Self::BreakingList => {
                "conventional-changelog makes a major release of it; git-cliff and release-please do not"
            }
            Self::BreakingPlural | Self::BreakingProse | Self::BreakingQuoted => {
                "git-cliff, conventional-changelog and release-please do not count it either"
            }
            Self::BreakingEmpty => {
                "git-cliff, conventional-changelog and release-please make a major release of it where text follows on the next line"
            }
            Self::SquashedBreaking => "git-cliff, conventional-changelog and release-please all miss it",
        }
    }

    /// Whether others, or its author, may have a higher version in mind.
    #[must_use]
    pub fn concerns_version(self) -> bool {
        !matches!(
            self,
            Self::TwoSpaces
                | Self::Wip
                | Self::Fixup
                | Self::TypeCharacter
                | Self::BreakingProse
                | Self::BreakingQuoted
                | Self::NoBlankLine
        )
    }
}

impl fmt::Display for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
