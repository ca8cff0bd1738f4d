//! Every format on the same reports: golden files, the formats' own schemas, hostile text.

mod formats;
mod golden;
mod hostile;
mod looks;
