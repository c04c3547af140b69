//! Colours for times: from the shortest to the longest, dark blue over green to yellow.

/// Red, green and blue of times at equal distances between the shortest and the longest.
const STOPS: [[f64; 3]; 5] =
    [[68.0, 1.0, 84.0], [59.0, 82.0, 139.0], [33.0, 145.0, 140.0], [94.0, 201.0, 98.0], [253.0, 231.0, 37.0]];

/// A colour as red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shade([u8; 3]);

impl Shade {
    /// Colour of `value` among values from `least` to `most`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the values are checked to fit"
    )]
    pub(super) fn of(value: u32, (least, most): (u32, u32)) -> Self {
        let span = f64::from(most.saturating_sub(least).max(1));
        let place = f64::from(value.clamp(least, most) - least) / span * 4.0;
        let stop = (place.floor().clamp(0.0, 3.0)) as usize;
        let part = place - place.floor().clamp(0.0, 3.0);
        let mix = |from: f64, to: f64| (from + (to - from) * part).round().clamp(0.0, 255.0) as u8;
        let [from, to] = [STOPS[stop], STOPS[stop + 1]];
        Self([0, 1, 2].map(|channel| mix(from[channel], to[channel])))
    }

    /// As SVG names it.
    pub(super) fn hex(self) -> String {
        let Self([red, green, blue]) = self;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// Colour of text upon it.
    pub(super) const fn ink(self) -> Self {
        let Self([red, green, blue]) = self;
        let light = red as u32 * 3 + green as u32 * 6 + blue as u32;
        if light > 1_300 { Self([0, 0, 0]) } else { Self([255, 255, 255]) }
    }

    /// Text upon this colour, for a terminal that knows 24-bit colours.
    pub(super) fn paint(self, text: &str) -> String {
        let (Self([r, g, b]), Self([ir, ig, ib])) = (self, self.ink());
        format!("\x1b[48;2;{r};{g};{b}m\x1b[38;2;{ir};{ig};{ib}m{text}\x1b[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortest_is_dark_and_longest_bright() {
        let range = (300, 400);
        assert_eq!(Shade::of(300, range).hex(), "#440154");
        assert_eq!(Shade::of(400, range).hex(), "#fde725");
        assert_eq!(Shade::of(350, range).hex(), "#21918c");
        assert_eq!(
            (Shade::of(300, range).ink(), Shade::of(400, range).ink()),
            (Shade([255; 3]), Shade([0; 3]))
        );
    }

    #[test]
    fn equal_times_have_a_colour() {
        assert_eq!(Shade::of(7, (7, 7)).hex(), "#440154");
    }
}
