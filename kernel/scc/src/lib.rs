//! Facts of the chip.
#![no_std]
#![forbid(unsafe_code)]
