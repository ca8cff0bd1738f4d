//! ota-package: check, package and diff firmware for over-the-air updates.
