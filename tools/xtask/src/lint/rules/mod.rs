//! The rules, one file each.

mod address_literal;
mod file_length;
mod file_name;
mod guest_licence;
mod import_direction;
mod manifest;
pub(super) mod markdown_link;
mod opening;
mod stray_text;
mod unfinished_work;
mod unsafe_argument;
mod unsafe_home;

use crate::lint::Rule;

/// Every rule, in the order in which findings are printed.
pub(super) const RULES: &[Rule] = &[
    Rule { name: "file-name", check: file_name::check },
    Rule { name: "file-length", check: file_length::check },
    Rule { name: "opening", check: opening::check },
    Rule { name: "guest-licence", check: guest_licence::check },
    Rule { name: "import-direction", check: import_direction::check },
    Rule { name: "manifest", check: manifest::check },
    Rule { name: "unsafe-home", check: unsafe_home::check },
    Rule { name: "unsafe-argument", check: unsafe_argument::check },
    Rule { name: "address-literal", check: address_literal::check },
    Rule { name: "unfinished-work", check: unfinished_work::check },
    Rule { name: "stray-text", check: stray_text::check },
    Rule { name: "markdown-link", check: markdown_link::check },
];
