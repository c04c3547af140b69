//! The processor. There is one kind.

#[cfg(bare_metal)]
pub mod i586;
