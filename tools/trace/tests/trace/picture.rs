//! The drawing of a part of a trace.

use scc_trace::picture::{Extent, svg};

use super::synthetic::ROUND;

#[test]
fn part_of_the_timeline_is_drawn_with_its_cores_tasks_and_letters() {
    let trace = super::trace(3, 10);
    let whole = Extent::whole(&trace);
    assert_eq!(whole, Extent { from: 0, to: 2_000_000 + (11 * ROUND - 1) * 1_875 });
    let all = svg(&trace, whole);
    for text in ["core 00", "core 02", ">work<", ">mail<", ">background<", ">interrupt<"] {
        assert!(all.contains(text), "{text}");
    }
    // Nine letters of each core are read, and one dot is the legend's.
    assert_eq!(all.matches("<circle").count(), 3 * 9 + 1);
    let round = ROUND * 1_875;
    let part = svg(&trace, Extent { from: 3 * round, to: 4 * round });
    assert!(part.matches("<rect").count() < all.matches("<rect").count());
    assert!(part.matches("<circle").count() < all.matches("<circle").count());
    // The first core boots until its first poll, which the part is behind.
    assert!(all.contains(">booting<") && !part.contains(">booting<"));
    assert!(!all.contains(">records lost<") && !all.contains(">other tasks<"));
    assert!(part.starts_with("<svg ") && part.ends_with("</svg>\n"));
}
