//! The P54C core.

pub mod fpu;
