//! The kernel on the emulated board, and the rules that its image keeps.

mod boot;
mod core_start;
mod crash;
mod devices;
mod group;
mod guest;
mod image;
mod instructions;
mod joint;
mod letters;
mod life;
mod mail;
mod measure;
mod pc;
mod rcce;
mod services;
mod soak;
mod terminal;
mod trace;
mod undisturbed;

/// Value of `key=` in a line.
fn figure(line: &str, key: &str) -> u64 {
    let value = line.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    value.unwrap_or_else(|| panic!("no {key} in {line:?}")).parse().expect("figures are numbers")
}
