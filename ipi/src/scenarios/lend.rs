//! Lent memory: what is read is what was lent, and what was written arrives, or both sides are told.

use std::boxed::Box;
use std::string::ToString;
use std::vec;

use super::*;
use crate::lend::{AccessError, BlockError, BorrowError, Borrowed, LendError, Lending};
use crate::mailbox::{Mode, PeerError};
use crate::testing::FakeMesh;
use crate::wire::{Access, Tag};

const LENGTH: usize = 200;

/// Content that differs from line to line and from block to block.
fn content(seed: u8) -> Vec<u8> {
    (0..LENGTH)
        .map(|index| (index / 32 * 7 + index).to_le_bytes()[0].wrapping_add(seed.wrapping_mul(37)))
        .collect()
}

fn everything<M: Mesh>(borrowed: &Borrowed<'_, '_, '_, M>) -> Result<Vec<u8>, AccessError> {
    let mut bytes = vec![0; borrowed.length()];
    borrowed.read(0, &mut bytes).map(|()| bytes)
}

/// Starts a mailbox and lending on a core and does `$work` with it.
macro_rules! lending {
    ($mesh:expr, $witness:expr, $cores:expr, $done:expr, |$lending:ident| $work:expr) => {{
        let doorbell = $mesh.doorbell();
        let mailbox = Mailbox::start($mesh, &doorbell, brisk($cores));
        let $lending = Lending::new(&mailbox, Mode::Interrupt).unwrap();
        mailbox.mesh().ready().await;
        either($witness.work(&mailbox, $done, $work), $lending.run()).await;
    }};
}

/// Two cores lend to a third one, which reads through the same window one after the other, without a pause.
pub(super) fn two_lenders(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let [first, second, borrower] = [(); 3].map(|()| witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| Box::pin(lend_one(mesh, first.clone())))
        .core(1, move |mesh| Box::pin(lend_one(mesh, second.clone())))
        .core(2, move |mesh| {
            let witness = borrower.clone();
            Box::pin(async move {
                lending!(mesh, witness, 3, 3, |lending| async {
                    // Both offers have come.
                    let mesh = lending.mailbox().mesh();
                    mesh.sleep_until(mesh.now() + Cycles::new(60_000)).await;
                    for from in [0, 1] {
                        let borrowed = lending.borrow(core(from), Tag(4), Deadline::Never).await.unwrap();
                        assert_eq!(everything(&borrowed), Ok(content(from)));
                    }
                    witness.saw("both read".to_string());
                });
            })
        })
        .calm_start();
    (machine, witness.expects(["both read"]))
}

async fn lend_one(mesh: FakeMesh<'_>, witness: Witness) {
    let own = mesh.core().number();
    lending!(mesh, witness, 3, 3, |lending| async {
        // Their leases differ in where the blocks are, and in nothing else.
        let _other = (own == 1).then(|| lending.allocate(32).unwrap());
        let mut block = lending.allocate(LENGTH).unwrap();
        // Cached, and then written.
        block.read(0, &mut [0; LENGTH]).unwrap();
        block.write(0, &content(own)).unwrap();
        assert_eq!(lending.lend(core(2), Tag(4), &block, Deadline::Never).await, Ok(()));
    });
}

/// A borrower writes, and the lender reads what it has written; a block lent for reading is not written to.
pub(super) fn written(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (lender, borrower) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = lender.clone();
            Box::pin(async move {
                lending!(mesh, witness, 2, 2, |lending| async {
                    let mut block = lending.allocate(LENGTH).unwrap();
                    block.write(0, &content(1)).unwrap();
                    assert_eq!(lending.lend(core(1), Tag(1), &block, Deadline::Never).await, Ok(()));
                    assert_eq!(lending.lend_mut(core(1), Tag(2), &mut block, Deadline::Never).await, Ok(()));
                    let mut bytes = [0; LENGTH];
                    block.read(0, &mut bytes).unwrap();
                    assert!(bytes[..32] == content(1)[..32] && bytes[32..] == content(2)[32..], "{bytes:?}");
                    let range = BlockError::Range { offset: 192, length: 9 };
                    assert_eq!(block.read(192, &mut [0; 9]), Err(range));
                    witness.saw("written".to_string());
                });
            })
        })
        .core(1, move |mesh| {
            let witness = borrower.clone();
            Box::pin(async move {
                lending!(mesh, witness, 2, 2, |lending| async {
                    let mut borrowed = lending.borrow(core(0), Tag(1), Deadline::Never).await.unwrap();
                    assert_eq!(borrowed.access(), Access::Read);
                    assert_eq!(borrowed.write(0, &[0; 32]), Err(AccessError::ReadOnly));
                    assert_eq!(everything(&borrowed), Ok(content(1)));
                    drop(borrowed);
                    let mut borrowed = lending.borrow(core(0), Tag(2), Deadline::Never).await.unwrap();
                    let range = AccessError::Range { offset: 16, length: 16 };
                    assert_eq!(borrowed.write(16, &[0; 16]), Err(range));
                    assert_eq!(borrowed.write(32, &content(2)[32..]), Ok(()));
                });
            })
        })
        .calm_start();
    (machine, witness.expects(["written"]))
}

/// A lender gives up while its block is read, and fills it with something else at once.
pub(super) fn given_up_while_read(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (lender, borrower) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = lender.clone();
            Box::pin(async move {
                lending!(mesh, witness, 2, 1, |lending| async {
                    for round in 0..6 {
                        let mut block = lending.allocate(LENGTH).unwrap();
                        block.write(0, &content(round)).unwrap();
                        let patience = 3_000 + 1_100 * u64::from(round);
                        let deadline = in_cycles(lending.mailbox().mesh(), patience);
                        let lent = lending.lend(core(1), Tag(1), &block, deadline).await;
                        if let Err(error) = lent {
                            let is_time =
                                matches!(error, LendError::Offer(_) | LendError::Peer(PeerError::TimedOut));
                            assert!(is_time, "{error}");
                        }
                        block.write(0, &[0xEE; LENGTH]).unwrap();
                    }
                    let mut block = lending.allocate(LENGTH).unwrap();
                    block.write(0, &content(9)).unwrap();
                    assert_eq!(lending.lend(core(1), Tag(1), &block, Deadline::Never).await, Ok(()));
                });
            })
        })
        .core(1, move |mesh| {
            let witness = borrower.clone();
            Box::pin(async move {
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, brisk(2));
                let lending = Lending::new(&mailbox, Mode::Interrupt).unwrap();
                mailbox.mesh().ready().await;
                let work = async {
                    loop {
                        let borrowed = lending.borrow(core(0), Tag(1), Deadline::Never).await.unwrap();
                        // Line by line, as long as it lasts, so that the lender gives up in the middle.
                        for offset in (0..LENGTH).step_by(32) {
                            let mut line = [0; 32];
                            let length = 32.min(LENGTH - offset);
                            match borrowed.read(offset, &mut line[..length]) {
                                Ok(()) => {
                                    let is =
                                        |seed: &u8| content(*seed)[offset..offset + length] == line[..length];
                                    assert!((0..10).any(|seed| is(&seed)), "freed memory was read: {line:?}");
                                    if offset + length == LENGTH && is(&9) {
                                        witness.saw("the last".to_string());
                                    }
                                }
                                Err(error) => {
                                    assert_eq!(error, AccessError::Ended);
                                    break;
                                }
                            }
                        }
                    }
                };
                let all = either(work, either(lending.run(), mailbox.run()));
                either(witness.others(mailbox.mesh(), 1), all).await;
            })
        })
        .calm_start()
        .steps(2_000_000);
    (machine, witness.expects(["the last"]))
}

/// A lender gives up while its block is written to: it is kept until it was returned, and then as good as new.
pub(super) fn given_up_while_written(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (lender, borrower) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = lender.clone();
            Box::pin(async move {
                lending!(mesh, witness, 2, 2, |lending| async {
                    let mesh = lending.mailbox().mesh();
                    let mut block = lending.allocate(LENGTH).unwrap();
                    let deadline = in_cycles(mesh, 30_000);
                    let lent = lending.lend_mut(core(1), Tag(1), &mut block, deadline).await;
                    if lent == Err(LendError::Peer(PeerError::TimedOut)) {
                        assert_eq!(block.write(0, &[7; 32]), Err(BlockError::Held));
                        let lent = lending.lend(core(1), Tag(1), &block, Deadline::Never).await;
                        assert_eq!(lent, Err(LendError::Held));
                    } else {
                        assert!(matches!(lent, Err(LendError::Offer(_))), "{lent:?}");
                    }
                    while block.write(0, &content(3)) == Err(BlockError::Held) {
                        mesh.sleep_until(mesh.now() + Cycles::new(5_000)).await;
                    }
                    mesh.sleep_until(mesh.now() + Cycles::new(60_000)).await;
                    let mut bytes = [0; LENGTH];
                    block.read(0, &mut bytes).unwrap();
                    assert!(bytes[..] == content(3)[..], "written to after its return");
                    witness.saw("returned".to_string());
                });
            })
        })
        .core(1, move |mesh| {
            let witness = borrower.clone();
            Box::pin(async move {
                lending!(mesh, witness, 2, 2, |lending| async {
                    let mesh = lending.mailbox().mesh();
                    // The offer may come so late that it is withdrawn by then.
                    let borrowed = lending.borrow(core(0), Tag(1), in_cycles(mesh, 400_000)).await;
                    let Ok(mut borrowed) = borrowed else { return };
                    while borrowed.write(0, &[0xEE; LENGTH]).is_ok() {
                        mesh.sleep_until(mesh.now() + Cycles::new(3_000)).await;
                    }
                    mesh.sleep_until(mesh.now() + Cycles::new(10_000)).await;
                });
            })
        })
        .calm_start();
    (machine, witness.expects(["returned"]))
}

/// A borrower is reset in the middle of a write and not started again: its lender is told, and has the block back.
pub(super) fn dead_borrower(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let lender = witness.clone();
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = lender.clone();
            Box::pin(async move {
                lending!(mesh, witness, 2, 1, |lending| async {
                    let mut block = lending.allocate(LENGTH).unwrap();
                    let lent = lending.lend_mut(core(1), Tag(1), &mut block, Deadline::Never).await;
                    let is_told =
                        matches!(lent, Err(LendError::Peer(PeerError::Reset) | LendError::Offer(_)));
                    assert!(is_told, "{lent:?}");
                    assert_eq!(block.write(0, &content(1)), Ok(()));
                    witness.saw("told".to_string());
                });
            })
        })
        .core(1, move |mesh| {
            Box::pin(async move {
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh.clone(), &doorbell, brisk(2));
                let lending = Lending::new(&mailbox, Mode::Interrupt).unwrap();
                mailbox.mesh().ready().await;
                let work = async {
                    let mut borrowed = lending.borrow(core(0), Tag(1), Deadline::Never).await.unwrap();
                    mesh.dies_within(30);
                    loop {
                        borrowed.write(0, &[0xEE; LENGTH]).unwrap();
                    }
                };
                either(work, either(lending.run(), mailbox.run())).await;
            })
        })
        .calm_start();
    (machine, witness.expects(["told"]))
}

/// A lender is reset and begins a new life, in which it lends other contents from the same place: the borrower of the
/// former life is told, and never takes the new contents for the old ones.
pub(super) fn restarted_lender(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (lender, borrower) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = lender.clone();
            Box::pin(async move {
                lending!(mesh, witness, 2, 2, |lending| async {
                    let life = lending.mailbox().epoch();
                    let mut block = lending.allocate(LENGTH).unwrap();
                    block.write(0, &content(life.get().to_le_bytes()[0])).unwrap();
                    let lent = lending.lend(core(1), Tag(1), &block, Deadline::Never).await;
                    assert_eq!(lent, Ok(()));
                });
            })
        })
        .core(1, move |mesh| {
            let witness = borrower.clone();
            Box::pin(async move {
                lending!(mesh, witness, 2, 2, |lending| async {
                    let mesh = lending.mailbox().mesh();
                    let borrowed = lending.borrow(core(0), Tag(1), Deadline::Never).await.unwrap();
                    let mut rounds = 0;
                    // The former life's, until it has ended.
                    while let Ok(bytes) = everything(&borrowed) {
                        assert!(bytes == content(1), "another life's contents");
                        mesh.sleep_until(mesh.now() + Cycles::new(2_000)).await;
                        rounds += 1;
                        assert!(rounds < 1_000, "the end of the life was not seen");
                    }
                    drop(borrowed);
                    let borrowed = loop {
                        match lending.borrow(core(0), Tag(1), in_cycles(mesh, 50_000)).await {
                            Ok(borrowed) => break borrowed,
                            Err(error) => assert!(matches!(error, BorrowError::Peer(_)), "{error}"),
                        }
                    };
                    assert!(everything(&borrowed) == Ok(content(2)));
                    witness.saw("both lives".to_string());
                });
            })
        })
        .reset(0, 600, Some(20_000));
    (machine, witness.expects(["both lives"]))
}
