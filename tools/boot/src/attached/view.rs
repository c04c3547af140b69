//! What the attached terminal shows: one guest at a time, with what it wrote before; the kernels' lines if wanted.

use std::io::{self, Write};

use guest_terminal::{HELP, Key};
use scc_boot::{ConsoleLine, News, Session};

use crate::seats::Seats;

/// Bytes of a guest's text that are kept.
const KEPT_BYTES: usize = 64 << 10;
/// Bytes of it that are shown again: about a screen.
const SHOWN_AGAIN_BYTES: usize = 2048;

/// What kernels say of the lives of guests.
const LIFE: [&str; 5] = ["ended", "paused", "resumed", "kept", "started"];

/// Which of the kernels' lines are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Logs {
    /// All.
    All,
    /// What went wrong, and what becomes of guests.
    Grave,
}

/// What is shown.
#[derive(Debug)]
pub(super) struct View {
    current: usize,
    logs: Logs,
    /// The end of what each guest has written.
    kept: Vec<Vec<u8>>,
}

impl View {
    /// The first of so many guests.
    pub(super) fn new(guests: usize) -> Self {
        Self { current: 0, logs: Logs::Grave, kept: vec![Vec::new(); guests] }
    }

    /// The guest that is shown.
    pub(super) const fn current(&self) -> usize {
        self.current
    }

    /// Says who is shown and how to get help.
    pub(super) fn introduce(&self, seats: &Seats) -> io::Result<()> {
        note(&format!("{}; Ctrl-A ? for help", title(seats, self.current)))
    }

    /// Shows what the guests and the kernels have written.
    pub(super) fn take(&mut self, news: &News, session: &Session, seats: &mut Seats) -> io::Result<()> {
        for line in &news.lines {
            if self.logs == Logs::All || is_grave(line) {
                note(&format!("core {:02} | {}", line.core.number(), line.text))?;
            }
        }
        // Of a core's guests the attached one writes to the terminal.
        for seat in 0..self.kept.len() {
            if !self.is_attached(seat, seats) {
                continue;
            }
            let heard = seats.link(seat).hear(&session.machine);
            if heard.is_empty() {
                continue;
            }
            let kept = &mut self.kept[seat];
            kept.extend_from_slice(heard);
            let surplus = kept.len().saturating_sub(KEPT_BYTES);
            kept.drain(..surplus);
            if seat == self.current {
                let mut out = io::stdout().lock();
                out.write_all(heard)?;
                out.flush()?;
            }
        }
        Ok(())
    }

    /// Does what a key stands for; those that are not about the view mean nothing here.
    pub(super) fn obey(&mut self, key: Key, seats: &mut Seats) -> io::Result<()> {
        let count = seats.seats().len();
        match key {
            Key::Next => self.select((self.current + 1) % count, seats),
            Key::Previous => self.select((self.current + count - 1) % count, seats),
            Key::Core(number) => match seats.seats().iter().position(|seat| seat.core.number() == number) {
                Some(seat) => self.select(seat, seats),
                None => note(&format!("core {number:02} runs no guest")),
            },
            Key::Logs => {
                self.logs = if self.logs == Logs::All { Logs::Grave } else { Logs::All };
                note(if self.logs == Logs::All { "all lines of the kernels" } else { "grave lines only" })
            }
            Key::Help => help(seats, self.current),
            Key::Order(order) => {
                let number = seats.seats()[self.current].number;
                seats.link(self.current).order(order, number);
                Ok(())
            }
            Key::Guest(_) | Key::Mesh | Key::Quit => Ok(()),
        }
    }

    /// Clears the screen and shows the guest's last text.
    pub(super) fn show_again(&self, seats: &Seats) -> io::Result<()> {
        let kept = &self.kept[self.current];
        let mut out = io::stdout().lock();
        // The terminal's own commands: clear, and to the upper left corner.
        write!(out, "\x1b[2J\x1b[H")?;
        drop(out);
        note(&title(seats, self.current))?;
        let mut out = io::stdout().lock();
        out.write_all(&kept[kept.len().saturating_sub(SHOWN_AGAIN_BYTES)..])?;
        out.flush()
    }

    fn select(&mut self, seat: usize, seats: &mut Seats) -> io::Result<()> {
        if seats.seats()[self.current].core != seats.seats()[seat].core {
            seats.link(self.current).attach(Some(0));
        }
        self.current = seat;
        let number = seats.seats()[seat].number;
        seats.link(seat).attach(Some(number));
        self.show_again(seats)
    }

    /// Whether a guest has its core's terminal: the guest that is shown, and of other cores the first one.
    fn is_attached(&self, seat: usize, seats: &Seats) -> bool {
        let (seats, shown) = (seats.seats(), self.current);
        if seats[seat].core == seats[shown].core { seat == shown } else { seats[seat].number == 0 }
    }
}

fn title(seats: &Seats, seat: usize) -> String {
    let seat = &seats.seats()[seat];
    format!("core {:02} guest {}", seat.core.number(), seat.name)
}

fn help(seats: &Seats, current: usize) -> io::Result<()> {
    note(&format!("{}, of {} guests; behind Ctrl-A:", title(seats, current), seats.seats().len()))?;
    let mut out = io::stdout().lock();
    HELP.iter().try_for_each(|(keys, meaning)| write!(out, "  {keys:<8} {meaning}\r\n"))?;
    out.flush()
}

/// A line of this program between the guest's text. The terminal is raw, so the end of a line has both characters.
fn note(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "\r\n[{text}]\r\n")?;
    out.flush()
}

fn is_grave(line: &ConsoleLine) -> bool {
    let said = line.text.split_once("] ").map_or("", |(_, said)| said);
    let is_grave = ["error ", "warn ", "panic "].iter().any(|start| said.starts_with(start));
    let verb = said.strip_prefix("info guest: ").and_then(|said| said.split(' ').next());
    is_grave || verb.is_some_and(|verb| LIFE.contains(&verb))
}

#[cfg(test)]
mod tests {
    use scc::id::CoreId;

    use super::*;

    #[test]
    fn grave_lines_are_those_of_kernels() {
        let grave =
            |text: &str| is_grave(&ConsoleLine { core: CoreId::new(0).unwrap(), text: text.to_owned() });
        assert!(grave("[00 0.1] panic kernel: no"));
        assert!(grave("[00 0.1] info guest: ended name=x by itself"));
        assert!(grave("[00 0.1] info guest: paused name=x"));
        assert!(!grave("[00 0.1] info guest: counted name=x exits=1"));
        assert!(!grave("[00 0.1] info boot: ready"));
        assert!(!grave("[00 0.1] guest x: error of a guest"));
    }
}
