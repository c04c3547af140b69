//! Drawings of rectangles, lines and text as SVG.

use std::fmt::Write;

/// Where a text is anchored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// Begins there.
    Start,
    /// Has its middle there.
    Middle,
    /// Ends there.
    End,
}

/// A drawing. Lengths are pixels, from the upper left corner.
pub(crate) struct Svg {
    width: f64,
    height: f64,
    elements: String,
}

impl Svg {
    /// A white sheet.
    pub(crate) fn new(width: f64, height: f64) -> Self {
        let mut svg = Self { width, height, elements: String::new() };
        svg.rectangle(0.0, 0.0, (width, height), "#ffffff", None);
        svg
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        writeln!(self.elements, "{element}").expect("strings take any text");
    }

    /// A filled rectangle, with a tooltip where a viewer shows it.
    pub(crate) fn rectangle(&mut self, x: f64, y: f64, size: (f64, f64), colour: &str, title: Option<&str>) {
        let title = title.map_or_else(String::new, |title| format!("<title>{}</title>", escaped(title)));
        let (width, height) = size;
        self.add(format_args!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="{colour}">{title}</rect>"#
        ));
    }

    /// A line through points.
    pub(crate) fn line(&mut self, points: &[(f64, f64)], colour: &str, width: f64) {
        let points: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let points = points.join(" ");
        self.add(format_args!(
            r#"<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>"#
        ));
    }

    /// A dot.
    pub(crate) fn dot(&mut self, x: f64, y: f64, colour: &str) {
        self.add(format_args!(r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{colour}"/>"#));
    }

    /// Text with its base line at `y`.
    pub(crate) fn text(&mut self, x: f64, y: f64, size: f64, anchor: Anchor, colour: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escaped(text);
        self.add(format_args!(
            r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">{text}</text>"#
        ));
    }

    /// The file.
    pub(crate) fn finish(self) -> String {
        let Self { width, height, elements } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"sans-serif\">\n{elements}</svg>\n"
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_end_its_element() {
        let mut svg = Svg::new(10.0, 10.0);
        svg.text(1.0, 2.0, 8.0, Anchor::Middle, "#000000", "a < b & c");
        let text = svg.finish();
        assert!(text.contains(">a &lt; b &amp; c</text>") && text.ends_with("</svg>\n"), "{text}");
    }
}
