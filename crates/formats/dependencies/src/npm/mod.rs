//! npm's registry: the lock files of npm, Yarn and pnpm.

mod lock;
mod package;

use crate::Reader;

pub(crate) const NPM: Reader =
    Reader { name: "npm", files: &["npm-shrinkwrap.json", "package-lock.json"], read: lock::read };
