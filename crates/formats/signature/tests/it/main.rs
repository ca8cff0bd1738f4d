//! Keys and signatures held to fixtures, to other programs, and to every change of a bit.

mod embedded;
