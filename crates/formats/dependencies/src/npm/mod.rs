//! npm's registry: the lock files of npm, Yarn and pnpm.

mod berry;
mod lock;
mod package;
mod pnpm;
mod project;
mod yarn;

use crate::Reader;

pub(crate) const NPM: Reader =
    Reader { name: "npm", files: &["npm-shrinkwrap.json", "package-lock.json"], read: lock::read };

pub(crate) const YARN: Reader = Reader { name: "yarn", files: &["yarn.lock"], read: yarn::read };

pub(crate) const PNPM: Reader = Reader { name: "pnpm", files: &["pnpm-lock.yaml"], read: pnpm::read };
