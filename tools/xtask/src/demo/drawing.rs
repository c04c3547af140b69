//! The same as a drawing: on the left the mesh with times from the chosen core, on the right a square per pair.

use scc::id::{COLUMNS, CoreId, ROWS, TileCoord, TileId};

use super::shade::Shade;
use crate::letters::{Pairs, Span, Way};
use crate::svg::{Anchor, Svg};

/// Side of a tile, and space around it.
const TILE: (f64, f64) = (84.0, 64.0);
const GAP: f64 = 14.0;
/// Side of a square of the map.
const CELL: f64 = 10.0;
/// Upper left corners.
const MESH: (f64, f64) = (40.0, 90.0);
const MAP: (f64, f64) = (700.0, 90.0);
const SIZE: (f64, f64) = (1240.0, 640.0);
const BLACK: &str = "#222222";
const GREY: &str = "#dddddd";

/// Draws.
pub(super) fn drawing(pairs: &Pairs, from: CoreId, way: Way) -> String {
    let mut svg = Svg::new(SIZE.0, SIZE.1);
    let range = pairs.extremes().unwrap_or_default();
    let title = format!("One-way latency of a letter between cores of the SCC, {}, core cycles", way.name());
    svg.text(40.0, 36.0, 18.0, Anchor::Start, BLACK, &title);
    svg.text(MESH.0, 72.0, 13.0, Anchor::Start, BLACK, &format!("from core {from}, shortest of 16"));
    svg.text(
        MAP.0,
        72.0,
        13.0,
        Anchor::Start,
        BLACK,
        "every pair, shortest of 16; rows and columns are cores",
    );
    mesh(&mut svg, pairs, from, range);
    map(&mut svg, pairs, range);
    scale(&mut svg, range);
    svg.finish()
}

/// Draws the mesh alone.
pub(crate) fn mesh_drawing(pairs: &Pairs, from: CoreId, way: Way) -> String {
    let mut svg = Svg::new(MAP.0 - 40.0, 500.0);
    let range = pairs.extremes().unwrap_or_default();
    let title = format!("A letter from core {from} to each other core, {}, core cycles", way.name());
    svg.text(MESH.0, 44.0, 16.0, Anchor::Start, BLACK, &title);
    svg.text(MESH.0, 68.0, 12.0, Anchor::Start, BLACK, "shortest of 16, as the kernels measure it");
    mesh(&mut svg, pairs, from, range);
    scale(&mut svg, range);
    svg.finish()
}

fn mesh(svg: &mut Svg, pairs: &Pairs, from: CoreId, range: (u32, u32)) {
    let corner = |coord: TileCoord| {
        let x = MESH.0 + f64::from(coord.x()) * (TILE.0 + GAP);
        (x, MESH.1 + f64::from(ROWS - 1 - coord.y()) * (TILE.1 + GAP))
    };
    let middle = |coord| (corner(coord).0 + TILE.0 / 2.0, corner(coord).1 + TILE.1 / 2.0);
    let link = |svg: &mut Svg, one: Option<TileCoord>, other: Option<TileCoord>| {
        if let (Some(one), Some(other)) = (one, other) {
            svg.line(&[middle(one), middle(other)], "#999999", 4.0);
        }
    };
    for y in 0..ROWS {
        link(svg, TileCoord::new(0, y), TileCoord::new(COLUMNS - 1, y));
    }
    for x in 0..COLUMNS {
        link(svg, TileCoord::new(x, 0), TileCoord::new(x, ROWS - 1));
    }
    for tile in TileId::all() {
        let (x, mut y) = corner(tile.coord());
        svg.rectangle(x - 2.0, y - 2.0, (TILE.0 + 4.0, TILE.1 + 4.0), BLACK, None);
        for core in tile.cores() {
            let half = (TILE.0, TILE.1 / 2.0 - 1.0);
            let (fill, ink, text) = match pairs.between(from, core) {
                Some(Span { shortest, .. }) => {
                    let shade = Shade::of(shortest, range);
                    (shade.hex(), shade.ink().hex(), shortest.to_string())
                }
                None if core == from => ("#ffffff".to_owned(), BLACK.to_owned(), "from".to_owned()),
                None => (GREY.to_owned(), BLACK.to_owned(), "-".to_owned()),
            };
            svg.rectangle(x, y, half, &fill, None);
            svg.text(x + 6.0, y + 20.0, 11.0, Anchor::Start, &ink, &core.to_string());
            svg.text(x + TILE.0 - 6.0, y + 21.0, 14.0, Anchor::End, &ink, &text);
            y += TILE.1 / 2.0 + 1.0;
        }
    }
}

fn map(svg: &mut Svg, pairs: &Pairs, range: (u32, u32)) {
    let place = |core: CoreId| f64::from(core.number()) * CELL;
    for row in CoreId::all() {
        if row.number() % 6 == 0 {
            let number = row.to_string();
            svg.text(MAP.0 - 4.0, MAP.1 + place(row) + 9.0, 10.0, Anchor::End, BLACK, &number);
            svg.text(MAP.0 + place(row) + 5.0, MAP.1 - 4.0, 10.0, Anchor::Middle, BLACK, &number);
        }
        for column in CoreId::all() {
            let span = pairs.between(row, column);
            let fill = span.map_or_else(|| GREY.to_owned(), |span| Shade::of(span.shortest, range).hex());
            let title = span.map(|span| {
                let Span { shortest, median, longest } = span;
                format!("cores {row} and {column}: {shortest} to {longest}, median {median}")
            });
            let (x, y) = (MAP.0 + place(column), MAP.1 + place(row));
            svg.rectangle(x, y, (CELL - 0.5, CELL - 0.5), &fill, title.as_deref());
        }
    }
}

/// What the colours mean.
fn scale(svg: &mut Svg, (least, most): (u32, u32)) {
    let (x, y) = (MESH.0, 440.0);
    for step in 0..50_u32 {
        let value = least + (most - least) * step / 49;
        svg.rectangle(
            x + f64::from(step) * 6.0,
            y,
            (6.0, 16.0),
            &Shade::of(value, (least, most)).hex(),
            None,
        );
    }
    svg.text(x, y + 32.0, 12.0, Anchor::Start, BLACK, &least.to_string());
    svg.text(x + 300.0, y + 32.0, 12.0, Anchor::End, BLACK, &most.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letters::example;

    #[test]
    fn drawing_has_a_square_per_pair_and_a_field_per_core() {
        let text = drawing(&example(), CoreId::new(0).expect("a core"), Way::Polled);
        assert_eq!(text.matches("cores 0 and 47: 340 to 390, median 380").count(), 1);
        assert_eq!(text.matches("<title>").count(), 6, "three pairs, each twice");
        assert_eq!(text.matches("<rect").count(), 1 + 24 + 48 + 48 * 48 + 50);
        assert!(text.contains(">from</text>") && text.contains(">340</text>"));
    }
}
