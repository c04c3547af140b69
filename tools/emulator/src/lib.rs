//! The SCC in Rust.
#![forbid(unsafe_code)]
