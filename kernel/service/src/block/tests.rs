//! A disk of another core: contents, errors, and what the loss of its core costs.

use std::vec::Vec;

use ipi::testing::FakeMesh;

use super::*;
use crate::testing::{Chip, RAM_SECTORS, core};

/// Bytes of so many sectors, in which each place differs from its neighbours and from the same place of other seeds.
fn pattern(sectors: usize, seed: u8) -> Vec<u8> {
    let byte = |value: usize| u8::try_from(value % 251).expect("below 251");
    (0..sectors * SECTOR_BYTES).map(|at| byte(at) ^ byte(at / SECTOR_BYTES) ^ seed).collect()
}

/// The disk of core 0.
async fn open<'s>(ctx: Ctx<'s, FakeMesh<'s>>) -> RemoteDisk<'s, FakeMesh<'s>> {
    RemoteDisk::open(ctx, core(0)).await.unwrap()
}

#[test]
fn what_two_cores_write_comes_back() {
    for seed in 0..6 {
        let visitor = |number: u8| {
            async move |ctx: Ctx<'_, FakeMesh<'_>>| {
                let disk = open(ctx).await;
                assert_eq!((disk.sectors(), disk.access()), (RAM_SECTORS, Access::ReadWrite));
                // More than travels at once, and beginning at places of their own.
                let written = pattern(11, number);
                let first = u64::from(number) * 16;
                disk.write(first, &written).await.unwrap();
                let mut read = vec![0; written.len()];
                disk.read(first, &mut read).await.unwrap();
                assert!(read == written, "core {number}");
            }
        };
        Chip::new(3, "block@0").hostile(seed).visit(1, visitor(1)).visit(2, visitor(2)).run();
    }
}

#[test]
fn sectors_that_are_not_there_are_refused_and_the_others_untouched() {
    Chip::new(2, "block@0")
        .visit(1, async |ctx| {
            let disk = open(ctx).await;
            let mut two = pattern(2, 1);
            for first in [RAM_SECTORS - 1, RAM_SECTORS, u64::MAX] {
                assert_eq!(disk.write(first, &two).await, Err(BlockError::OutOfRange));
                assert_eq!(disk.read(first, &mut two).await, Err(BlockError::OutOfRange));
            }
            // A request that does not come from here is judged where the disk is.
            let span = Span { first: RAM_SECTORS - 1, count: 2, edition: 1, number: 1 };
            for (span, error) in [
                (span, BlockError::OutOfRange),
                (Span { first: u64::MAX, ..span }, BlockError::OutOfRange),
                (Span { first: 0, count: 9, ..span }, BlockError::OutOfRange),
                (Span { first: 0, edition: 2, ..span }, BlockError::Forgotten),
            ] {
                for request in [Request::Read(span), Request::Write(span)] {
                    assert_eq!(ctx.call::<Disk>(core(0), &request).await, Ok(Err(error)));
                }
            }
            disk.read(RAM_SECTORS - 2, &mut two).await.unwrap();
            assert_eq!(two, [0; 2 * SECTOR_BYTES]);
        })
        .run();
}

#[test]
fn image_of_the_load_can_be_read_and_not_written() {
    let image = pattern(20, 9);
    let whole = image.clone();
    Chip::new(2, "block@0")
        .with_image([&image[..], &[1; 100]].concat())
        .visit(1, async move |ctx| {
            let disk = open(ctx).await;
            assert_eq!((disk.sectors(), disk.access()), (20, Access::ReadOnly));
            let mut read = vec![0; whole.len()];
            disk.read(0, &mut read).await.unwrap();
            assert!(read == whole);
            assert_eq!(disk.write(0, &read).await, Err(BlockError::ReadOnly));
        })
        .run();
}

/// Reads until it fails, then as often until it works again or `tries` are over; the first and the last answer.
async fn read_across_a_reset<M: Mesh>(
    disk: &RemoteDisk<'_, M>,
    ctx: Ctx<'_, M>,
    tries: u32,
) -> [Result<(), BlockError>; 2] {
    let mut data = [0; SECTOR_BYTES];
    let mut first = Ok(());
    while first.is_ok() {
        let begun = ctx.now();
        first = disk.read(0, &mut data).await;
        // Nothing hangs.
        assert!(ctx.now() - begun <= ctx.milliseconds(2 * PATIENCE_MILLISECONDS));
    }
    let mut last = first;
    for _ in 0..tries {
        ctx.sleep(1).await;
        last = disk.read(0, &mut data).await;
    }
    [first, last]
}

#[test]
fn loss_of_the_core_is_an_error_within_the_deadline() {
    for seed in 0..6 {
        Chip::new(2, "block@0")
            .hostile(seed)
            .visit(1, async |ctx| {
                let disk = open(ctx).await;
                let answers = read_across_a_reset(&disk, ctx, 2).await;
                assert_eq!(answers, [Err(BlockError::Unreachable); 2]);
            })
            .reset(0, 3_000 + seed * 100, None)
            .run();
    }
}

#[test]
fn written_disk_is_gone_with_its_life_and_an_image_is_not() {
    Chip::new(2, "block@0")
        .visit(1, async |ctx| {
            let disk = open(ctx).await;
            let [_, last] = read_across_a_reset(&disk, ctx, 20).await;
            assert_eq!(last, Err(BlockError::Forgotten));
            assert_eq!(disk.write(0, &[1; SECTOR_BYTES]).await, Err(BlockError::Forgotten));
            let mut data = [1; SECTOR_BYTES];
            open(ctx).await.read(0, &mut data).await.unwrap();
            assert_eq!(data, [0; SECTOR_BYTES], "another disk, and nothing written to it");
        })
        .reset(0, 3_000, Some(10_000))
        .run();
    Chip::new(2, "block@0")
        .with_image(pattern(4, 3))
        .visit(1, async |ctx| {
            let disk = open(ctx).await;
            let [_, last] = read_across_a_reset(&disk, ctx, 20).await;
            assert_eq!(last, Ok(()));
        })
        .reset(0, 3_000, Some(10_000))
        .run();
}

#[test]
fn user_that_is_lost_in_the_middle_does_not_keep_others_waiting() {
    Chip::new(3, "block@0")
        .visit(1, async |ctx| {
            let disk = open(ctx).await;
            while ctx.mail().epoch().get() == 1 {
                disk.write(0, &pattern(8, 1)).await.unwrap();
            }
        })
        .visit(2, async |ctx| {
            let disk = open(ctx).await;
            let (written, mut read) = (pattern(8, 2), pattern(8, 0));
            for _ in 0..10 {
                disk.write(16, &written).await.unwrap();
                disk.read(16, &mut read).await.unwrap();
                assert!(read == written);
            }
        })
        .reset(1, 2_500, Some(10_000))
        .run();
}
