//! What a drawing says, read back from its file.

use std::collections::BTreeMap;

use scc::id::CoreId;

/// Elements that crate `scc-trace` and this program draw with, a line each.
const ELEMENTS: [&str; 4] = ["rect", "polyline", "circle", "text"];

/// Colour of the names in a timeline's legend, and those of them that are no tasks.
const INK: &str = "#1c2330";
const NO_TASKS: [&str; 6] =
    ["other tasks", "interrupt", "booting", "records lost", "idle, executor", "letter"];

/// The first line that is no whole element, counted from 1.
pub(super) fn damaged_line(svg: &str) -> Option<usize> {
    let last = svg.lines().count();
    (1..)
        .zip(svg.lines())
        .find(|(number, line)| match *number {
            1 => !(line.starts_with("<svg xmlns=") && line.ends_with('>') && last > 2),
            number if number == last => *line != "</svg>",
            _ => !is_element(line),
        })
        .map(|(number, _)| number)
}

fn is_element(line: &str) -> bool {
    ELEMENTS.iter().any(|name| {
        let Some(rest) = line.strip_prefix('<').and_then(|line| line.strip_prefix(name)) else {
            return false;
        };
        let is_closed = rest.ends_with("/>") || rest.ends_with(&format!("</{name}>"));
        rest.starts_with(' ') && is_closed && rest.matches('"').count() % 2 == 0
    })
}

/// Texts with their colours, in the order in which they are drawn.
fn texts(svg: &str) -> impl Iterator<Item = (&str, &str)> {
    svg.lines().filter_map(|line| {
        let line = line.strip_prefix("<text ")?.strip_suffix("</text>")?;
        let (attributes, text) = line.split_once('>')?;
        Some((attributes.split_once("fill=\"")?.1.trim_end_matches('"'), text))
    })
}

/// Times in a drawing of the mesh: behind the number of each core but one stands what a letter to it takes.
pub(super) fn times(svg: &str) -> BTreeMap<CoreId, u32> {
    let texts: Vec<_> = texts(svg).map(|(_, text)| text).collect();
    let time = |pair: &[&str]| {
        // Cores are drawn with two digits, times have more.
        let core = pair[0].parse().ok().and_then(CoreId::new)?;
        Some((core, pair[1].parse().ok().filter(|_| pair[1].len() > 2)?))
    };
    texts.windows(2).filter_map(time).collect()
}

/// Tasks in the legend of a timeline.
pub(super) fn tasks(svg: &str) -> Vec<&str> {
    let names = texts(svg).filter(|(colour, _)| *colour == INK).map(|(_, text)| text);
    names.filter(|name| !NO_TASKS.contains(name)).collect()
}

/// Letters of a timeline that were read while it lasted.
pub(super) fn letters(svg: &str) -> usize {
    // The legend has one, too.
    svg.matches("<circle ").count().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo;
    use crate::letters::{Way, example};

    fn core(number: u8) -> CoreId {
        CoreId::new(number).expect("0 to 47")
    }

    #[test]
    fn times_are_those_that_were_drawn() {
        let svg = demo::mesh_drawing(&example(), core(0), Way::Polled);
        assert_eq!(times(&svg), BTreeMap::from([(core(1), 300), (core(47), 340)]));
        assert_eq!(damaged_line(&svg), None);
    }

    #[test]
    fn half_a_drawing_and_half_an_element_are_found() {
        let svg = demo::mesh_drawing(&example(), core(0), Way::Polled);
        let half: String = svg.lines().take(10).map(|line| format!("{line}\n")).collect();
        assert_eq!(damaged_line(&half), Some(10));
        assert_eq!(damaged_line(&svg.replacen("</text>", "", 1)), Some(3));
        assert_eq!(damaged_line("<svg xmlns=\"\">"), Some(1));
    }

    #[test]
    fn legend_names_tasks_and_letters_are_dots() {
        let svg = "<text fill=\"#1c2330\">mail</text>\n<text fill=\"#667085\">core 00</text>\n\
                   <text fill=\"#1c2330\">interrupt</text>\n<circle cx=\"1\"/>\n<circle cx=\"2\"/>\n";
        assert_eq!((tasks(svg), letters(svg)), (vec!["mail"], 1));
    }
}
