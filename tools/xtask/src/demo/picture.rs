//! The mesh in the terminal: rows of tiles, north above, and in each the times of its two cores from a chosen one.
//!
//! ```text
//!   +-----------+-----------+
//! 1 | 12   378  | 14   385  |
//!   | 13   380  | 15   386  |
//!   +-----------+-----------+
//! 0 |  0   from |  2   370  |
//!   |  1   362  |  3   372  |
//!   +-----------+-----------+
//! ```

use std::fmt::Write;

use scc::id::{COLUMNS, CoreId, ROWS, TileCoord};

use super::shade::Shade;
use crate::letters::{Hops, Pairs, Way};

/// How text is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// With 24-bit colours.
    Colour,
    /// As it is.
    Plain,
}

/// Columns of a terminal that the picture takes.
pub(super) const COLUMNS_NEEDED: u16 = 75;

/// The picture with the times from `from`, and the table of all pairs by distance.
pub(super) fn picture(pairs: &Pairs, from: CoreId, way: Way, ink: Ink) -> String {
    let mut text =
        format!("one-way latency of a letter from core {from}, {}, cycles, shortest of 16\n\n", way.name());
    let rule = format!("  +{}\n", "-----------+".repeat(COLUMNS.into()));
    for y in (0..ROWS).rev() {
        text.push_str(&rule);
        for slot in 0..2 {
            text.push_str(&if slot == 0 { format!("{y} |") } else { "  |".to_owned() });
            for tile in (0..COLUMNS).filter_map(|x| TileCoord::new(x, y)).map(TileCoord::tile) {
                text.push_str(&cell(pairs, from, tile.cores()[slot], ink));
                text.push('|');
            }
            text.push('\n');
        }
    }
    text.push_str(&rule);
    let columns = (0..COLUMNS).map(|x| format!("     x={x}    "));
    writeln!(text, "   {}", columns.collect::<String>().trim_end()).expect("strings take any text");
    text.push_str(&by_hops(&pairs.by_hops()));
    text
}

fn cell(pairs: &Pairs, from: CoreId, core: CoreId, ink: Ink) -> String {
    let number = core.number();
    if core == from {
        return format!(" {number:>2}   from ");
    }
    let (Some(span), Some(range)) = (pairs.between(from, core), pairs.extremes()) else {
        return format!(" {number:>2}      - ");
    };
    let text = format!(" {number:>2} {:>6} ", span.shortest);
    match ink {
        Ink::Colour => Shade::of(span.shortest, range).paint(&text),
        Ink::Plain => text,
    }
}

/// All pairs by distance.
pub(super) fn by_hops(rows: &[Hops]) -> String {
    let mut text = "\nall pairs, cycles one way\nhops  pairs  shortest  median  longest\n".to_owned();
    for Hops { hops, pairs, shortest, median, longest, .. } in rows {
        let line = format!("{hops:>4}  {pairs:>5}  {shortest:>8}  {median:>6}  {longest:>7}\n");
        text.push_str(&line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letters::example;

    #[test]
    fn picture_has_north_above_and_every_core_at_its_place() {
        let from = CoreId::new(0).expect("a core");
        let text = picture(&example(), from, Way::Polled, Ink::Plain);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[3],
            "3 | 36      - | 38      - | 40      - | 42      - | 44      - | 46      - |".to_owned()
        );
        assert_eq!(lines[3].len(), usize::from(COLUMNS_NEEDED));
        assert!(lines[4].ends_with("| 47    340 |"), "{text}");
        assert!(lines[12].starts_with("0 |  0   from |  2      - |"), "{text}");
        assert!(lines[13].starts_with("  |  1    300 |"), "{text}");
        assert!(text.contains("   8      2       340     384      999\n"), "{text}");
        assert!(!text.contains('\x1b'));
        assert!(picture(&example(), from, Way::Polled, Ink::Colour).contains("\x1b[48;2;"));
    }
}
