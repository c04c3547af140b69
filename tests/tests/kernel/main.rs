//! The kernel on the emulated board, and the rules that its image keeps.

mod boot;
mod crash;
mod image;
mod instructions;
mod pc;
