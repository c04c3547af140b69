//! What a user types: for the guest, or, behind Ctrl-A, for the program.

use guest_abi::terminal::Order;

/// The prefix: Ctrl-A.
const PREFIX: u8 = 0x01;

/// What was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A byte for the guest.
    Guest(u8),
    /// The next guest.
    Next,
    /// The guest before.
    Previous,
    /// The first guest of the core of this number.
    Core(u8),
    /// What the kernels say is shown, or no longer.
    Logs,
    /// The mesh, on a screen of its own.
    Mesh,
    /// What is to become of the guest.
    Order(Order),
    /// The keys.
    Help,
    /// The end.
    Quit,
}

/// The keys behind Ctrl-A, for the help.
pub const HELP: &[(&str, &str)] = &[
    ("n p", "next guest, guest before"),
    ("0-9 0-9", "guest of the core with this two-digit number"),
    ("l", "show what the kernels say, or no longer"),
    ("m", "mesh of cores; q there comes back"),
    ("z c", "pause this guest; let it go on"),
    ("k s", "stop this guest; start it again"),
    ("w r", "keep this guest's state; go back to it"),
    ("a", "Ctrl-A for the guest"),
    ("?", "this help"),
    ("q", "quit"),
];

/// Tells keys from text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keys(State);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// Behind the prefix.
    Prefix,
    /// Behind the prefix and the first digit of a core's number.
    Digit(u8),
}

impl Keys {
    /// Takes the next byte. Behind the prefix what is no key means nothing.
    pub fn take(&mut self, byte: u8) -> Option<Key> {
        let digit = byte.is_ascii_digit().then(|| byte - b'0');
        match core::mem::take(&mut self.0) {
            State::Text if byte == PREFIX => {
                self.0 = State::Prefix;
                None
            }
            State::Text => Some(Key::Guest(byte)),
            State::Digit(first) => digit.map(|second| Key::Core(10 * first + second)),
            State::Prefix => match byte {
                b'n' => Some(Key::Next),
                b'p' => Some(Key::Previous),
                b'l' => Some(Key::Logs),
                b'm' => Some(Key::Mesh),
                b'z' => Some(Key::Order(Order::Pause)),
                b'c' => Some(Key::Order(Order::Resume)),
                b'k' => Some(Key::Order(Order::Stop)),
                b's' => Some(Key::Order(Order::Start)),
                b'w' => Some(Key::Order(Order::Keep)),
                b'r' => Some(Key::Order(Order::Restore)),
                b'?' | b'h' => Some(Key::Help),
                b'q' | b'x' => Some(Key::Quit),
                b'a' | PREFIX => Some(Key::Guest(PREFIX)),
                _ => {
                    self.0 = digit.map_or(State::Text, State::Digit);
                    None
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(typed: &[u8]) -> Vec<Key> {
        let mut keys = Keys::default();
        typed.iter().filter_map(|byte| keys.take(*byte)).collect()
    }

    #[test]
    fn prefix_makes_keys_of_letters_once() {
        let expected = [Key::Guest(b'n'), Key::Next, Key::Guest(b'n'), Key::Guest(1), Key::Quit];
        assert_eq!(keys(b"n\x01nn\x01a\x01q"), expected);
    }

    #[test]
    fn orders_are_behind_the_prefix() {
        let expected = [Order::Pause, Order::Resume, Order::Stop, Order::Start, Order::Keep, Order::Restore];
        assert_eq!(keys(b"\x01z\x01c\x01k\x01s\x01w\x01r"), expected.map(Key::Order));
    }

    #[test]
    fn two_digits_name_a_core_and_anything_else_means_nothing() {
        assert_eq!(
            keys(b"\x01075\x014x5\x01jj"),
            [Key::Core(7), Key::Guest(b'5'), Key::Guest(b'5'), Key::Guest(b'j')]
        );
    }

    #[test]
    fn interrupts_and_bytes_of_other_alphabets_are_the_guests() {
        assert_eq!(keys(&[3, 0xC3, 0xFF]), [Key::Guest(3), Key::Guest(0xC3), Key::Guest(0xFF)]);
    }
}
