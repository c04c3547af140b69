//! `--tile-mhz`: clocks of tiles at power-up.

use std::str::FromStr;

use scc::id::TileId;
use scc_emu::chip::clocks::{ClockError, Clocks};
use serde::Deserialize;
use serde::de::Error;

/// A clock for some tiles, or for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TileClock {
    divider: u8,
    tiles: Vec<TileId>,
}

/// Why a text gives no tile a clock.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TileClockError {
    /// Neither a frequency nor a divider before `#`.
    #[error("`{0}` is no clock: write MHZ[#TILES] or dDIVIDER[#TILES], for example 800, 533#0-5 or d2#7")]
    NotClock(String),
    /// Something else than a number from 0 to 23.
    #[error("`{0}` is no tile: tiles are numbered 0 to 23, write for example 0,5,10-12 or all")]
    NotTile(String),
    /// A clock no tile has.
    #[error(transparent)]
    Clock(#[from] ClockError),
}

impl TileClock {
    /// Enters the clock for its tiles.
    pub(crate) fn apply(&self, clocks: &mut Clocks) -> Result<(), ClockError> {
        self.tiles.iter().try_for_each(|tile| clocks.set_divider(*tile, self.divider))
    }
}

impl FromStr for TileClock {
    type Err = TileClockError;

    fn from_str(text: &str) -> Result<Self, TileClockError> {
        let (clock, tiles) = text.split_once('#').unwrap_or((text, "all"));
        let wrong = |_| TileClockError::NotClock(clock.to_owned());
        let divider = match clock.trim().strip_prefix('d') {
            Some(divider) => divider.parse().map_err(wrong)?,
            None => Clocks::divider_for(clock.trim().parse().map_err(wrong)?)?,
        };
        // Judges the divider.
        let tiles = tiles_of(tiles)?;
        let clock = Self { divider, tiles };
        clock.apply(&mut Clocks::default())?;
        Ok(clock)
    }
}

fn tiles_of(text: &str) -> Result<Vec<TileId>, TileClockError> {
    if text.trim() == "all" {
        return Ok(TileId::all().collect());
    }
    let tile = |text: &str| {
        let number = text.trim().parse().ok().and_then(TileId::new);
        number.ok_or_else(|| TileClockError::NotTile(text.to_owned()))
    };
    let mut tiles = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (tile(first)?, tile(last)?);
        if last.number() < first.number() {
            return Err(TileClockError::NotTile(part.to_owned()));
        }
        tiles.extend(TileId::all().filter(|tile| (first.number()..=last.number()).contains(&tile.number())));
    }
    Ok(tiles)
}

/// `tile-mhz` of a board file: a number, a text, or a list of texts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(u16),
    One(String),
    Many(Vec<String>),
}

/// Reads `tile-mhz` of a board file.
pub(crate) fn from_board<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<TileClock>, D::Error> {
    let texts = match Written::deserialize(deserializer)? {
        Written::Number(megahertz) => vec![megahertz.to_string()],
        Written::One(text) => vec![text],
        Written::Many(texts) => texts,
    };
    texts.iter().map(|text| text.parse().map_err(D::Error::custom)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_given_by_frequency_or_divider_for_all_or_some_tiles() {
        let mut clocks = Clocks::default();
        for text in ["800", "533#0-5,7", "d15#23"] {
            text.parse::<TileClock>().unwrap().apply(&mut clocks).unwrap();
        }
        let dividers: Vec<_> = TileId::all().map(|tile| clocks.divider(tile)).collect();
        assert_eq!(dividers[..9], [2, 2, 2, 2, 2, 2, 1, 2, 1]);
        assert_eq!(dividers[9..], [[1; 14].as_slice(), &[15]].concat());
    }

    #[test]
    fn errors_say_what_to_write() {
        for (text, expectation) in [
            ("700", "no tile runs at 700 MHz"),
            ("d0", "dividers are 1 (800 MHz) to 15 (100 MHz)"),
            ("d16", "dividers are 1"),
            ("fast", "write MHZ[#TILES]"),
            ("533#24", "tiles are numbered 0 to 23"),
            ("533#5-2", "`5-2` is no tile"),
            ("533#", "tiles are numbered"),
        ] {
            let error = text.parse::<TileClock>().unwrap_err().to_string();
            assert!(error.contains(expectation), "{text}: {error}");
        }
    }
}
