//! Tests of the scanner on the corners of Rust's lexical grammar.

use super::*;

fn code_of(text: &str) -> String {
    Source::new("a/src/lib.rs", text.to_owned()).code
}

#[test]
fn comments_leave_the_code_and_keep_line_numbers() {
    let source = Source::new("a.rs", "one(); // unsafe\n/* a /* b */\nc */ two();\n".to_owned());
    assert!(!source.code().contains("unsafe"));
    let second: Vec<_> = source.code_lines().filter(|(_, code)| code.contains("two")).collect();
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].0, 3);
    assert!(source.comment_lines().any(|(line, text)| line == 1 && text.contains("unsafe")));
}

#[test]
fn insides_of_strings_are_not_code() {
    for text in [
        r#"f("unsafe // x"); end"#,
        r##"f(r#"unsafe " x"#); end"##,
        r#"f(b"unsafe"); end"#,
        r#"f(br"unsafe\"); end"#,
        r#"f("\"unsafe"); end"#,
    ] {
        let code = code_of(text);
        assert!(!code.contains("unsafe"), "{text}");
        assert!(code.ends_with("; end"), "{text} gave {code}");
    }
}

#[test]
fn characters_and_lifetimes_are_told_apart() {
    assert!(code_of("f('\"', '\\'', '\\u{1F}'); unsafe").ends_with("unsafe"));
    assert!(code_of("fn f<'a>(x: &'a str) { unsafe }").contains("unsafe"));
    assert!(code_of("match r { r#type => 1 } unsafe").ends_with("unsafe"));
}

#[test]
fn test_modules_are_found_up_to_their_closing_brace() {
    let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { { } }\n}\nfn c() {}\n";
    let source = Source::new("a/src/lib.rs", text.to_owned());
    let tests: Vec<_> = (1..=6).filter(|line| source.is_test_line(*line)).collect();
    assert_eq!(tests, [2, 3, 4, 5]);
}

#[test]
fn negated_and_other_conditions_are_not_tests() {
    let source =
        Source::new("a/src/lib.rs", "#[cfg(not(test))]\nfn a() {}\n#[cfg(unix)]\nfn b() {}\n".to_owned());
    assert!((1..=4).all(|line| !source.is_test_line(line)));
}

#[test]
fn files_of_integration_tests_are_test_code() {
    for path in ["tests/tests/chip.rs", "a/src/cpu/tests.rs", "a/src/flag_tests.rs", "a/tests/x/y.rs"] {
        assert!(Source::new(path, "fn a() {}".to_owned()).is_test_line(1), "{path}");
    }
    assert!(!Source::new("a/src/contests.rs", "fn a() {}".to_owned()).is_test_line(1));
}

#[test]
fn words_are_split_at_punctuation() {
    assert_eq!(words("let x = 0xF900_0000_u32+y;").collect::<Vec<_>>(), ["let", "x", "0xF900_0000_u32", "y"]);
}
