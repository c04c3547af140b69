//! The trace as one page: a timeline of all cores that is zoomed and searched without a network or a server.
//!
//! The page is a template with style and script in it (`PAGE`, `STYLE`, `SCRIPT`); the trace goes into it as one
//! block of binary columns in base64, made by `data`, and a small JSON text with names and figures. A chain of causes
//! ([`crate::why`]) is part of that text: the page lists its links, and shows where they are.

mod data;

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::report::Figures;
use crate::trace::Trace;
use crate::why::Link;
use data::Data;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
/// The script, in pieces that are one after the other.
const SCRIPT: [&str; 8] = [
    include_str!("page/data.js"),
    include_str!("page/view.js"),
    include_str!("page/draw.js"),
    include_str!("page/words.js"),
    include_str!("page/find.js"),
    include_str!("page/tables.js"),
    include_str!("page/chain.js"),
    include_str!("page/controls.js"),
];

/// Where the parts go in [`PAGE`], in their order.
const MARKS: [&str; 4] = ["/*STYLE*/", "/*HEAD*/", "/*BODY*/", "/*SCRIPT*/"];

/// Writes the page, with a chain of causes if there are any links.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(trace: &Trace, chain: &[Link], out: &mut impl Write) -> io::Result<()> {
    let figures = Figures::of(trace);
    let data = Data::of(trace);
    // A closing tag in a text would end the block it stands in.
    let head = serde_json::to_string(&data.head(&figures, chain))?.replace("</", "<\\/");
    let mut rest = PAGE;
    for (index, mark) in MARKS.iter().enumerate() {
        let (before, after) = rest.split_once(mark).expect("the template has all marks, in their order");
        out.write_all(before.as_bytes())?;
        match index {
            0 => out.write_all(STYLE.as_bytes())?,
            1 => out.write_all(head.as_bytes())?,
            2 => body(&data, out)?,
            _ => SCRIPT.iter().try_for_each(|piece| out.write_all(piece.as_bytes()))?,
        }
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

/// The columns in base64, a piece of each at a time.
fn body(data: &Data, out: &mut impl Write) -> io::Result<()> {
    let mut text = String::new();
    // A multiple of 3, so that no piece but the last is padded.
    for piece in data.bytes().chunks(3 << 16) {
        text.clear();
        STANDARD.encode_string(piece, &mut text);
        out.write_all(text.as_bytes())?;
    }
    Ok(())
}
