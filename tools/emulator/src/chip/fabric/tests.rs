//! Tests of the chip as its users see it.
