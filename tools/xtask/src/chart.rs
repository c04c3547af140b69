//! Line charts as SVG: a few series over one axis, values from 0.

use crate::svg::{Anchor, Svg};

/// Points of one kind.
pub(crate) struct Series {
    /// What they are, for the legend.
    pub(crate) name: &'static str,
    /// Their places, from left to right.
    pub(crate) points: Vec<(f64, f64)>,
}

const SIZE: (f64, f64) = (720.0, 420.0);
/// Corners of the field.
const LEFT: f64 = 80.0;
const RIGHT: f64 = 600.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 360.0;
const BLACK: &str = "#222222";
/// Colours that are told apart with any eyes (Okabe and Ito).
const COLOURS: [&str; 4] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

/// Draws `series` against an axis in `unit`; the other axis is called `values`.
pub(crate) fn draw(title: &str, unit: &str, values: &str, series: &[Series]) -> String {
    let points = || series.iter().flat_map(|series| series.points.iter());
    let widest = points().map(|(x, _)| *x).fold(1.0, f64::max);
    let step = step(points().map(|(_, y)| *y).fold(1.0, f64::max));
    let ticks = (points().map(|(_, y)| *y).fold(1.0, f64::max) / step).ceil();
    let place = |(x, y): (f64, f64)| {
        (LEFT + x / widest * (RIGHT - LEFT), BOTTOM - y / (step * ticks) * (BOTTOM - TOP))
    };
    let mut svg = Svg::new(SIZE.0, SIZE.1);
    svg.text(LEFT, 28.0, 15.0, Anchor::Start, BLACK, title);
    let mut value = 0.0;
    while value <= step * ticks {
        let (_, y) = place((0.0, value));
        svg.line(&[(LEFT, y), (RIGHT, y)], "#dddddd", 1.0);
        svg.text(LEFT - 8.0, y + 4.0, 11.0, Anchor::End, BLACK, &value.to_string());
        value += step;
    }
    let mut marks: Vec<f64> = points().map(|(x, _)| *x).collect();
    marks.sort_unstable_by(f64::total_cmp);
    marks.dedup();
    for mark in marks {
        svg.text(place((mark, 0.0)).0, BOTTOM + 18.0, 11.0, Anchor::Middle, BLACK, &mark.to_string());
    }
    svg.text((LEFT + RIGHT) / 2.0, BOTTOM + 40.0, 12.0, Anchor::Middle, BLACK, unit);
    svg.text(8.0, TOP - 10.0, 12.0, Anchor::Start, BLACK, values);
    for ((series, colour), row) in series.iter().zip(COLOURS).zip(0_u32..) {
        let points: Vec<_> = series.points.iter().copied().map(place).collect();
        svg.line(&points, colour, 2.0);
        points.iter().for_each(|(x, y)| svg.dot(*x, *y, colour));
        let y = TOP + 20.0 * f64::from(row);
        svg.dot(RIGHT + 20.0, y, colour);
        svg.text(RIGHT + 30.0, y + 4.0, 12.0, Anchor::Start, BLACK, series.name);
    }
    svg.finish()
}

/// Distance of the ticks that cuts `most` into four to ten parts: 1, 2 or 5 times a power of ten.
fn step(most: f64) -> f64 {
    let power = 10_f64.powf(most.log10().floor() - 1.0);
    [1.0, 2.0, 5.0, 10.0, 20.0]
        .into_iter()
        .map(|part| part * power)
        .find(|step| most / step <= 8.0)
        .unwrap_or(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(
            [step(443.0), step(8_100.0), step(24_000.0)].map(|step| step.round().to_string()),
            ["100", "2000", "5000"]
        );
    }

    #[test]
    fn largest_value_lies_within_the_field() {
        let series = [Series { name: "one", points: vec![(0.0, 10.0), (8.0, 443.0)] }];
        let text = draw("title", "hops", "cycles", &series);
        assert!(text.contains(r#"<circle cx="600.0""#) && text.contains(">500</text>"), "{text}");
    }
}
