//! Addresses of the chip are written once, in the contract crates.
//!
//! A literal of exactly eight hexadecimal digits whose top byte lies in a window that the chip's software uses
//! (0x80–0x83 and 0xC0–0xFF) is taken for an address. Masks of leading ones with at least eight of them, the
//! sign bit and the last sixteen bytes of the address space are numbers of the CPU, not of the chip. Tests may
//! name addresses, that is what they check. Where such a number really is none, the line or the one above it
//! says `not an address:` and what it is.

use crate::lint::Finding;
use crate::lint::source::{Source, words};
use crate::lint::tree::Tree;

/// Homes of addresses.
const CONTRACTS: &[&str] = &["kernel/scc/", "kernel/i586/"];

/// What a line says to be left alone.
const EXCUSE: &str = "not an address:";

/// Finds addresses outside their home.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let elsewhere = |source: &&Source| !CONTRACTS.iter().any(|home| source.path().starts_with(home));
    tree.sources().iter().filter(elsewhere).flat_map(check_file).collect()
}

fn check_file(source: &Source) -> Vec<Finding> {
    let excused: Vec<_> = source
        .comment_lines()
        .filter(|(_, comment)| comment.contains(EXCUSE))
        .flat_map(|(line, _)| [line, line + 1])
        .collect();
    let mut findings = Vec::new();
    for (line, code) in source.code_lines() {
        if source.is_test_line(line) || excused.contains(&line) {
            continue;
        }
        findings.extend(words(code).filter(|word| is_address(word)).map(|word| Finding {
            path: source.path().to_owned(),
            line,
            message: format!(
                "`{word}` looks like an address of the chip; take it from crate `scc` or `i586`"
            ),
        }));
    }
    findings
}

fn is_address(word: &str) -> bool {
    let Some(digits) = word.strip_prefix("0x") else { return false };
    let digits: String = digits.chars().filter(|c| *c != '_').take_while(char::is_ascii_hexdigit).collect();
    match u32::from_str_radix(&digits, 16) {
        Ok(value) if digits.len() == 8 => is_in_a_window(value) && !is_number_of_the_cpu(value),
        _ => false,
    }
}

fn is_in_a_window(value: u32) -> bool {
    matches!(value >> 24, 0x80..=0x83 | 0xC0..=0xFF)
}

fn is_number_of_the_cpu(value: u32) -> bool {
    let is_mask = value.leading_ones() >= 8 && value.leading_ones() == value.count_ones();
    is_mask || value == 1 << 31 || value >> 4 == u32::MAX >> 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn windows_of_the_chip_are_found() {
        for number in ["0xC000_0000", "0xf9000000u32", "0xFEE0_0000_u32", "0xD800_0000", "0x8000_0100"] {
            assert_eq!(found("tools/emulator/src/a.rs", &format!("const A: u32 = {number};")), 1, "{number}");
        }
    }

    #[test]
    fn masks_small_numbers_and_wide_numbers_pass() {
        for number in [
            "0xFFFF_F000",
            "0xFFC0_0000",
            "0x8000_0000",
            "0xFFFF_FFF0",
            "0x1000_0000",
            "0xF900",
            "0xFFFF_FFFF_F900_0000",
        ] {
            assert_eq!(found("tools/emulator/src/a.rs", &format!("const A: u64 = {number};")), 0, "{number}");
        }
    }

    #[test]
    fn contracts_tests_strings_and_excused_lines_pass() {
        let literal = "const A: u32 = 0xF900_0000;";
        assert_eq!(found("kernel/scc/src/a.rs", literal), 0);
        assert_eq!(found("tests/tests/a.rs", literal), 0);
        assert_eq!(found("tools/a/src/a.rs", "const A: &str = \"0xF9000000\"; // 0xF9000000"), 0);
        assert_eq!(
            found("tools/a/src/a.rs", "#[cfg(test)]\nmod tests {\n const A: u32 = 0xF900_0000;\n}\n"),
            0
        );
        let excused = "// not an address: polynomial of CRC-32\nconst A: u32 = 0xEDB8_8320;\nconst B: u32 = 0xEDB8_8320;\n";
        assert_eq!(found("tools/a/src/a.rs", excused), 1);
    }
}
