//! Lines of several cores on one console, with losses, and typed ones for who asks.

use std::string::ToString;
use std::vec::Vec;

use ipi::testing::FakeMesh;

use super::*;
use crate::name::find;
use crate::testing::{Chip, core};

/// Waits until core 0 runs the console.
async fn until_there(ctx: Ctx<'_, FakeMesh<'_>>) {
    while find(ctx, "console").await.is_err() {
        ctx.sleep(1).await;
    }
}

#[test]
fn lines_of_a_core_are_printed_in_order_behind_its_number() {
    for seed in 0..8 {
        let chip = Chip::new(3, "console@0,stats@0").hostile(seed);
        let paper = chip.paper();
        let visitor = async |ctx: Ctx<'_, FakeMesh<'_>>| {
            until_there(ctx).await;
            for number in 0..6 {
                print(ctx, &format!("line {number}")).await.unwrap();
            }
        };
        chip.visit(1, visitor).visit(2, visitor).run();
        for number in [1, 2] {
            let expected: Vec<_> = (0..6).map(|line| format!("line {line}")).collect();
            assert_eq!(paper.printed_of(core(number)), expected, "seed {seed}");
        }
    }
}

#[test]
fn text_is_cut_at_its_lines_and_where_a_line_is_too_long() {
    let chip = Chip::new(2, "console@0");
    let paper = chip.paper();
    let long: String = core::iter::repeat_n('é', LINE_MOST / 2 + 1).collect();
    let text = format!("one\n\n{long}");
    chip.visit(1, async move |ctx| print(ctx, &text).await.unwrap()).run();
    let printed = paper.printed_of(core(1));
    assert_eq!(
        (&printed[0][..], &printed[1][..], printed[2].len(), &printed[3][..]),
        ("one", "", LINE_MOST, "é")
    );
}

#[test]
fn lines_that_the_console_did_not_get_are_counted() {
    // The console's core starts late: it is reset before it has done much.
    let chip = Chip::new(2, "console@0,stats@0").reset(0, 0, Some(4_000_000));
    let paper = chip.paper();
    chip.visit(1, async |ctx| {
        for number in 0..3 {
            assert!(print(ctx, &format!("lost {number}")).await.is_err());
        }
        until_there(ctx).await;
        print(ctx, "there").await.unwrap();
        print(ctx, "again").await.unwrap();
    })
    .run();
    assert_eq!(paper.printed_of(core(1)), ["... 3 lines lost", "there", "again"]);
}

#[test]
fn console_that_starts_again_takes_no_line_for_lost_that_was_printed() {
    let chip = Chip::new(2, "console@0,stats@0");
    let paper = chip.paper();
    chip.visit(1, async |ctx| {
        until_there(ctx).await;
        print(ctx, "before").await.unwrap();
        while ctx.mail().life_of(core(0)).map(Epoch::get) != Some(2) {
            ctx.sleep(1).await;
        }
        until_there(ctx).await;
        print(ctx, "after").await.unwrap();
    })
    .reset(0, 3_000, Some(10_000))
    .run();
    assert_eq!(paper.printed_of(core(1)), ["before", "after"]);
}

#[test]
fn typed_lines_go_to_those_who_ask_and_nobody_waits_longer_than_asked() {
    let chip = Chip::new(3, "console@0");
    let paper = chip.paper();
    let typist = paper.clone();
    let asker = async |ctx: Ctx<'_, FakeMesh<'_>>| {
        let line = read(ctx, ctx.within(50)).await.unwrap().expect("two were typed");
        print(ctx, &line).await.unwrap();
        assert_eq!(read(ctx, ctx.within(2)).await, Ok(None));
    };
    chip.visit(0, async move |ctx| {
        ctx.sleep(2).await;
        typist.type_in("a line\ranother\r");
    })
    .visit(1, asker)
    .visit(2, asker)
    .run();
    let mut printed = [1, 2].map(|number| paper.printed_of(core(number)).join("|"));
    printed.sort();
    assert_eq!(printed, ["a line".to_string(), "another".to_string()]);
}

#[test]
fn without_a_console_nothing_is_printed() {
    Chip::new(1, "none")
        .visit(0, async |ctx| assert_eq!(print(ctx, "text").await, Err(ConsoleError::Nowhere)))
        .run();
}

#[test]
fn longest_line_fits_a_call() {
    let text = core::iter::repeat_n('x', LINE_MOST).collect();
    let line = Line { number: u32::MAX, unconfirmed: u32::MAX, text };
    postcard::to_slice(&line, &mut [0; ipi::rpc::MOST_BYTES]).unwrap();
}
