//! Lines in the making: bytes as they are typed, until they are asked for.

use alloc::collections::VecDeque;
use alloc::string::String;
use core::cell::{Cell, RefCell};
use core::task::{Context, Poll, Waker};

/// Bytes of a line at most; further ones are not taken, and not echoed.
const LINE_MOST: usize = 120;
/// Lines that wait at most; the end of a further one is not taken.
const WAITING_MOST: usize = 16;
/// What a terminal sends for the key that takes a character back.
const BACKSPACE: [u8; 2] = [0x08, 0x7F];

/// What is typed at a terminal, line by line. One reader. Task context.
#[derive(Default)]
pub struct TypedLines {
    line: RefCell<String>,
    waiting: RefCell<VecDeque<String>>,
    reader: Cell<Option<Waker>>,
}

impl TypedLines {
    /// Takes a byte, and gives what the terminal is to show of it. Printable ASCII counts, and what ends a line or takes a
    /// character back.
    pub fn add(&self, byte: u8) -> &'static str {
        let mut line = self.line.borrow_mut();
        match byte {
            b'\r' | b'\n' if self.waiting.borrow().len() < WAITING_MOST => {
                self.waiting.borrow_mut().push_back(core::mem::take(&mut line));
                if let Some(reader) = self.reader.take() {
                    reader.wake();
                }
                "\r\n"
            }
            _ if BACKSPACE.contains(&byte) && line.pop().is_some() => "\x08 \x08",
            b' '..=b'~' if line.len() < LINE_MOST => {
                line.push(char::from(byte));
                shown(byte)
            }
            _ => "",
        }
    }

    /// The next whole line; if there is none, the task is woken when there is.
    pub fn poll_line(&self, context: &Context<'_>) -> Poll<String> {
        if let Some(line) = self.waiting.borrow_mut().pop_front() {
            return Poll::Ready(line);
        }
        self.reader.set(Some(context.waker().clone()));
        Poll::Pending
    }
}

/// A printable character as text.
fn shown(byte: u8) -> &'static str {
    const PRINTABLE: &str = concat!(
        " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
    );
    let at = usize::from(byte - b' ');
    &PRINTABLE[at..=at]
}

#[cfg(test)]
mod tests {
    use std::string::ToString;
    use std::vec::Vec;

    use super::*;

    fn type_in(lines: &TypedLines, text: &str) -> String {
        text.bytes().map(|byte| lines.add(byte)).collect()
    }

    fn next(lines: &TypedLines) -> Option<String> {
        match lines.poll_line(&Context::from_waker(Waker::noop())) {
            Poll::Ready(line) => Some(line),
            Poll::Pending => None,
        }
    }

    #[test]
    fn lines_come_whole_in_order_and_as_they_were_shown() {
        let lines = TypedLines::default();
        assert_eq!(type_in(&lines, "on~"), "on~");
        assert_eq!(next(&lines), None);
        assert_eq!(type_in(&lines, "\x7Fe\rtwo\n"), "\x08 \x08e\r\ntwo\r\n");
        assert_eq!(
            [next(&lines), next(&lines), next(&lines)],
            [Some("one".to_string()), Some("two".to_string()), None]
        );
    }

    #[test]
    fn what_there_is_no_room_for_is_not_shown() {
        let lines = TypedLines::default();
        assert_eq!(type_in(&lines, "\x08\x1B\u{e9}"), "");
        let long: String = std::iter::repeat_n('x', LINE_MOST + 1).collect();
        assert_eq!(type_in(&lines, &long).len(), LINE_MOST);
        let ends: Vec<_> = (0..=WAITING_MOST).map(|_| lines.add(b'\r')).collect();
        assert_eq!(ends.iter().filter(|shown| shown.is_empty()).count(), 1);
        assert_eq!(next(&lines).map(|line| line.len()), Some(LINE_MOST));
    }
}
