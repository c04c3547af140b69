//! Facts of the core.
#![no_std]
#![forbid(unsafe_code)]
