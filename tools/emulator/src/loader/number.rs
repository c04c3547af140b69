//! Numbers as sccKit's files and the command line write them.

/// Why a text is no number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// A character that is no hexadecimal digit, or nothing at all.
    #[error("`{0}` is no hexadecimal number (digits 0-9 and a-f, with or without 0x)")]
    NotHexadecimal(String),
    /// A character that is no decimal digit, or nothing at all.
    #[error("`{0}` is no decimal number")]
    NotDecimal(String),
    /// Neither decimal digits nor `0x` and hexadecimal digits.
    #[error("`{0}` is no number (decimal, or hexadecimal with 0x in front)")]
    NotNumber(String),
    /// More than the place can hold.
    #[error("`{text}` is too large: at most {limit:#x}")]
    TooLarge {
        /// The number as written.
        text: String,
        /// Largest value accepted.
        limit: u64,
    },
}

/// Reads a hexadecimal number with or without `0x`; `limit` is the largest value accepted.
pub fn parse_hexadecimal(text: &str, limit: u64) -> Result<u64, NumberError> {
    let digits = strip_prefix(text).unwrap_or(text);
    read(digits, 16, text, limit, NumberError::NotHexadecimal)
}

/// Reads a decimal number; `limit` is the largest value accepted.
pub fn parse_decimal(text: &str, limit: u64) -> Result<u64, NumberError> {
    read(text, 10, text, limit, NumberError::NotDecimal)
}

/// Reads a decimal number, or a hexadecimal one after `0x`; underscores may group the digits. `limit` is the
/// largest value accepted.
pub fn parse_number(text: &str, limit: u64) -> Result<u64, NumberError> {
    let (digits, radix) = strip_prefix(text).map_or((text, 10), |digits| (digits, 16));
    if digits.starts_with('_') {
        return Err(NumberError::NotNumber(text.to_owned()));
    }
    read(&digits.replace('_', ""), radix, text, limit, NumberError::NotNumber)
}

fn strip_prefix(text: &str) -> Option<&str> {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
}

fn read(
    digits: &str,
    radix: u32,
    text: &str,
    limit: u64,
    error: fn(String) -> NumberError,
) -> Result<u64, NumberError> {
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(error(text.to_owned()));
    }
    let too_large = || NumberError::TooLarge { text: text.to_owned(), limit };
    // Only digits are left, so the one possible failure is overflow.
    let value = u64::from_str_radix(digits, radix).map_err(|_| too_large())?;
    if value <= limit { Ok(value) } else { Err(too_large()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_and_groups_are_read() {
        assert_eq!(parse_number("42", 100), Ok(42));
        assert_eq!(parse_number("0x1_EC00_0040", u64::MAX), Ok(0x1_EC00_0040));
        assert_eq!(parse_number("0X2a", 100), Ok(42));
        assert_eq!(parse_hexadecimal("2a", 100), Ok(42));
        assert_eq!(parse_hexadecimal("0x2A", 100), Ok(42));
        assert_eq!(parse_decimal("08", 100), Ok(8));
    }

    #[test]
    fn everything_else_names_the_text() {
        assert_eq!(parse_number("2a", 100), Err(NumberError::NotNumber("2a".into())));
        for text in ["", "0x", "-1", "+1", "0x_1", "0x 1", "１"] {
            assert_eq!(parse_number(text, 100), Err(NumberError::NotNumber(text.into())));
        }
        assert_eq!(parse_hexadecimal("+2", 9), Err(NumberError::NotHexadecimal("+2".into())));
        assert_eq!(parse_decimal("0x1", 9), Err(NumberError::NotDecimal("0x1".into())));
        let too_large = NumberError::TooLarge { text: "0x100".into(), limit: 0xFF };
        assert_eq!(parse_number("0x100", 0xFF), Err(too_large));
        assert!(matches!(parse_number("99999999999999999999", u64::MAX), Err(NumberError::TooLarge { .. })));
    }
}
