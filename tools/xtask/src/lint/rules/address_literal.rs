//! Addresses of the chip are written once, in the contract crates.
//!
//! A literal of exactly eight hexadecimal digits whose top byte lies in a window that the chip's software uses
//! (0x80–0x83 and 0xC0–0xFF) is taken for an address. Not so masks of leading ones, if there are at least eight
//! of them or an `&` stands before; the sign bit; and the last sixteen bytes of the address space: those are
//! numbers of the CPU. Tests may name addresses, that is what they check. Where such a number really is none, the
//! line or the one above it says `not an address:` and what it is.

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
        findings.extend(words(code).filter(|word| is_address(word) && !is_mask_operand(code, word)).map(
            |word| Finding {
                path: source.path().to_owned(),
                line,
                message: format!(
                    "`{word}` looks like an address of the chip; take it from crate `scc` or `i586`"
                ),
            },
        ));
    }
    findings
}

fn is_address(word: &str) -> bool {
    eight_digits(word).is_some_and(|value| is_in_a_window(value) && !is_number_of_the_cpu(value))
}

/// Value of a literal with exactly eight hexadecimal digits.
fn eight_digits(word: &str) -> Option<u32> {
    let digits = word.strip_prefix("0x")?.chars().filter(|c| *c != '_').take_while(char::is_ascii_hexdigit);
    let digits: String = digits.collect();
    (digits.len() == 8).then(|| u32::from_str_radix(&digits, 16).expect("eight hexadecimal digits"))
}

/// Tells whether `word` is a mask of leading ones that is combined with something by `&`.
fn is_mask_operand(code: &str, word: &str) -> bool {
    let before = code.split(word).next().unwrap_or_default().trim_end();
    eight_digits(word).is_some_and(is_leading_ones) && (before.ends_with('&') || before.ends_with("&="))
}

fn is_in_a_window(value: u32) -> bool {
    matches!(value >> 24, 0x80..=0x83 | 0xC0..=0xFF)
}

fn is_number_of_the_cpu(value: u32) -> bool {
    let is_long_mask = is_leading_ones(value) && value.leading_ones() >= 8;
    is_long_mask || value == 1 << 31 || value >> 4 == u32::MAX >> 4
}

fn is_leading_ones(value: u32) -> bool {
    value.leading_ones() == value.count_ones()
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
    fn short_masks_pass_only_where_they_mask() {
        assert_eq!(found("tools/a/src/a.rs", "fn f(x: u32) -> u32 { x & 0xC000_0000 | 8 }"), 0);
        assert_eq!(found("tools/a/src/a.rs", "fn f(x: u32) -> u32 { x + 0xC000_0000 }"), 1);
        assert_eq!(found("tools/a/src/a.rs", "fn f(x: u32) -> u32 { x & 0xF900_0000 }"), 1);
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
