//! Frames between guests of cores of the fake chip.

use std::vec::Vec;

use ipi::testing::FakeMesh;

use super::*;
use crate::control::Stop;
use crate::registry::ServiceId;
use crate::testing::{Chip, core};

/// A frame to one station, or to all, with a number in it.
fn frame(to: MacAddress, from: MacAddress, number: u8) -> Vec<u8> {
    [&to.bytes()[..], &from.bytes(), &[0x88, 0xB5, number], &[number; 1_000]].concat()
}

const ALL: MacAddress = MacAddress::new([0xFF; 6]);

/// Sends frames until guest 0 of core 0 answers; how many did not do.
async fn ask_until_answered(ctx: Ctx<'_, FakeMesh<'_>>, plug: &Plug<'_>, to: MacAddress) -> u8 {
    let own = address_of_guest(ctx.core(), 0);
    for number in 0..u8::MAX {
        plug.bring(&frame(to, own, number)).unwrap();
        ctx.sleep(1).await;
        // Others send to all as well.
        let answer = frame(own, address_of_guest(core(0), 0), 0);
        while let Some(frame) = plug.try_take() {
            if frame[..12] == answer[..12] {
                return number;
            }
        }
    }
    panic!("nobody answers core {}", ctx.core());
}

/// Answers frames to this core's guest, for ever.
async fn answer(ctx: Ctx<'_, FakeMesh<'_>>, plug: &Plug<'_>) {
    let own = address_of_guest(ctx.core(), 0);
    loop {
        let asked = plug.take().await;
        let sender = *asked[6..].first_chunk().unwrap();
        plug.bring(&frame(MacAddress::new(sender), own, asked[14])).unwrap();
    }
}

async fn answer_until(ctx: Ctx<'_, FakeMesh<'_>>, milliseconds: u32) {
    let plug = ctx.hub().plug_in(port_of_guest(0), Side::Guest);
    let over = core::pin::pin!(ctx.sleep(milliseconds));
    futures_util::future::select(over, core::pin::pin!(answer(ctx, &plug))).await;
}

#[test]
fn guests_of_three_cores_reach_each_other_and_counters_tell() {
    for seed in 0..6 {
        let asker = async |ctx: Ctx<'_, FakeMesh<'_>>| {
            let plug = ctx.hub().plug_in(port_of_guest(0), Side::Guest);
            ask_until_answered(ctx, &plug, ALL).await;
            ask_until_answered(ctx, &plug, address_of_guest(core(0), 0)).await;
            let status = ctx.status(ServiceId::named("net").unwrap());
            let counters: Vec<_> = status.counters().collect();
            let value = |name| counters.iter().find(|(known, _)| *known == name).unwrap().1;
            assert!(
                value("frames") >= 4 && value("bytes") >= 4_000 && value("stations") >= 2,
                "{counters:?}"
            );
            assert_eq!((value("full"), value("bad")), (0, 0), "{counters:?}");
        };
        Chip::new(3, "net")
            .hostile(seed)
            .visit(0, async |ctx| answer_until(ctx, 60).await)
            .visit(1, asker)
            .visit(2, asker)
            .run();
    }
}

#[test]
fn frames_for_a_core_that_does_not_answer_are_lost_and_counted() {
    // Core 2 has mail and no network.
    Chip::new(3, "net@0-1")
        .visit(0, async |ctx| answer_until(ctx, 60).await)
        .visit(1, async |ctx| {
            let plug = ctx.hub().plug_in(port_of_guest(0), Side::Guest);
            for _ in 0..3 {
                ask_until_answered(ctx, &plug, ALL).await;
            }
            ctx.sleep(PATIENCE_MILLISECONDS + 1).await;
            let status = ctx.status(ServiceId::named("net").unwrap());
            let late = status.counters().find(|(name, _)| *name == "late").unwrap().1;
            assert!(late >= 1, "{:?}", status.counters().collect::<Vec<_>>());
        })
        .run();
}

#[test]
fn stopped_service_carries_nothing_and_guests_of_the_core_go_on() {
    Chip::new(2, "net,control")
        .visit(0, async |ctx| answer_until(ctx, 40).await)
        .visit(1, async |ctx| {
            let plug = ctx.hub().plug_in(port_of_guest(0), Side::Guest);
            ask_until_answered(ctx, &plug, ALL).await;
            let net = ServiceId::named("net").unwrap();
            assert_eq!(ctx.call::<Stop>(core(1), &net.number()).await, Ok(true));
            ctx.sleep(1).await;
            while plug.try_take().is_some() {}
            let own = address_of_guest(ctx.core(), 0);
            plug.bring(&frame(ALL, own, 1)).unwrap();
            let other = ctx.hub().plug_in(port_of_guest(1), Side::Guest);
            other.bring(&frame(own, address_of_guest(ctx.core(), 1), 2)).unwrap();
            ctx.sleep(5).await;
            assert_eq!(plug.try_take().map(|frame| frame[14]), Some(2));
            assert_eq!(plug.try_take(), None);
        })
        .run();
}
