//! Calls: replies belong to their requests, and every failure reaches the caller in time.

use std::boxed::Box;
use std::format;
use std::string::ToString;

use futures_util::join;

use super::*;
use crate::mailbox::{Mode, PeerError, SendError};
use crate::rpc::{CallError, Caller, Class, Mechanism, Options, Procedure, Rpc};
use crate::testing::{FakeMesh, Odds};
use crate::wire::Failure;

/// Adds up numbers; the request takes several parts.
struct Sum;

impl Procedure for Sum {
    const NUMBER: u8 = 7;
    type Request = [u32; 8];
    type Reply = u64;
}

/// Turns one number round.
struct Negate;

impl Procedure for Negate {
    const NUMBER: u8 = 8;
    type Request = u8;
    type Reply = u8;
}

/// Takes more parts than a call queue has places.
struct Long;

impl Procedure for Long {
    const NUMBER: u8 = 10;
    type Request = [u32; 32];
    type Reply = u32;
}

/// Never returns.
struct Hang;

impl Procedure for Hang {
    const NUMBER: u8 = 9;
    type Request = ();
    type Reply = ();
}

/// Notes when it is dropped.
struct DropNote<'w>(&'w Witness);

impl Drop for DropNote<'_> {
    fn drop(&mut self) {
        self.0.saw("handler dropped".to_string());
    }
}

/// Serves all procedures until so many callers have done their work.
async fn serve(mesh: FakeMesh<'_>, witness: Witness, cores: usize, mode: Mode) {
    serve_with(mesh, witness, cores, mode, brisk(2)).await;
}

async fn serve_with(mesh: FakeMesh<'_>, witness: Witness, cores: usize, mode: Mode, settings: Settings) {
    let doorbell = mesh.doorbell();
    let mailbox = Mailbox::start(mesh, &doorbell, settings);
    let rpc = Rpc::new(&mailbox, mode).unwrap();
    mailbox.mesh().ready().await;
    let negate = async |_: Caller, number: u8| !number;
    let hang = async |_: Caller, ()| {
        let _note = DropNote(&witness);
        core::future::pending::<()>().await;
    };
    let sum = async |_: Caller, numbers: [u32; 8]| numbers.into_iter().map(u64::from).sum();
    let serving = async {
        let urgent = rpc.serve::<Negate>(Class::Urgent, negate);
        let ordinary = rpc.serve::<Negate>(Class::Ordinary, negate);
        let _ = join!(
            urgent,
            ordinary,
            rpc.serve::<Sum>(Class::Ordinary, sum),
            rpc.serve::<Hang>(Class::Ordinary, hang),
            rpc.serve::<Long>(Class::Ordinary, async |_: Caller, numbers: [u32; 32]| numbers[31]),
            rpc.run()
        );
    };
    let both = async {
        join!(mailbox.run(), serving);
    };
    either(witness.others(mailbox.mesh(), cores), both).await;
}

/// Starts a caller's mailbox and calls, and does `$work` with them, `$rpc` being their name.
macro_rules! calling {
    ($mesh:expr, $witness:expr, $cores:expr, |$rpc:ident| $work:expr) => {{
        let doorbell = $mesh.doorbell();
        let mailbox = Mailbox::start($mesh, &doorbell, brisk(2));
        let $rpc = Rpc::new(&mailbox, Mode::Interrupt).unwrap();
        mailbox.mesh().ready().await;
        either($witness.work(&mailbox, $cores, $work), $rpc.run()).await;
    }};
}

/// One short call.
pub(super) fn one_call(chooser: Chooser) -> (Machine, Check) {
    one_call_by(Mechanism::GicRequest, chooser)
}

fn one_call_by(mechanism: Mechanism, chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (caller, server) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = caller.clone();
            Box::pin(async move {
                calling!(mesh, witness, 1, |rpc| async {
                    let reply = rpc
                        .call::<Negate>(core(1), &0x0F, Options::until(Deadline::Never).by(mechanism))
                        .await;
                    witness.saw(format!("{reply:?}"));
                });
            })
        })
        .core(1, move |mesh| Box::pin(serve(mesh, server.clone(), 1, Mode::Interrupt)))
        .calm_start();
    (machine, witness.expects(["Ok(240)"]))
}

/// Long and short calls, urgent and ordinary, and a cast, all under way at once.
pub(super) fn mixed_calls(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (caller, server) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = caller.clone();
            Box::pin(async move {
                calling!(mesh, witness, 1, |rpc| async {
                    let options = Options::until(Deadline::Never);
                    let numbers = [u32::MAX; 8];
                    let (sum, negated, queued, missing) = join!(
                        rpc.call::<Sum>(core(1), &numbers, options),
                        rpc.call::<Negate>(core(1), &1, options.urgent()),
                        rpc.cast::<Sum>(core(1), &numbers, options),
                        rpc.call::<Sum>(core(1), &numbers, options.urgent()),
                    );
                    assert_eq!(sum, Ok(8 * u64::from(u32::MAX)));
                    assert_eq!(negated, Ok(0xFE));
                    assert_eq!(queued, Ok(()));
                    assert_eq!(missing, Err(CallError::Failed(Failure::NoSuchProcedure)));
                    witness.saw("done".to_string());
                });
            })
        })
        .core(1, move |mesh| Box::pin(serve(mesh, server.clone(), 1, Mode::Interrupt)))
        .calm_start();
    (machine, witness.expects(["done"]))
}

/// Every mechanism reaches a callee that polls.
pub(super) fn mechanisms(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (caller, server) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = caller.clone();
            Box::pin(async move {
                calling!(mesh, witness, 1, |rpc| async {
                    for (number, mechanism) in (0..).zip(Mechanism::ALL) {
                        let options = Options::until(in_cycles(rpc.mailbox().mesh(), 3_000_000));
                        let reply = rpc.call::<Negate>(core(1), &number, options.by(mechanism)).await;
                        witness.saw(format!("{mechanism:?} {reply:?}"));
                    }
                });
            })
        })
        .core(1, move |mesh| Box::pin(serve(mesh, server.clone(), 1, Mode::Polled(CoreSet::of(core(0))))))
        .calm_start();
    let expected = [
        "GicRequest Ok(255)",
        "InterruptBit Ok(254)",
        "PolledFlag Ok(253)",
        "CallQueue Ok(252)",
        "Slot Ok(251)",
    ];
    (machine, witness.expects(expected))
}

/// Calls of several parts through the queue of a callee that looks into no line by itself for a long time.
pub(super) fn queued_calls(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (caller, server) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = caller.clone();
            Box::pin(async move {
                calling!(mesh, witness, 1, |rpc| async {
                    for number in 0..6_u8 {
                        let options = Options::until(in_cycles(rpc.mailbox().mesh(), 3_000_000));
                        let options = options.by(Mechanism::CallQueue);
                        let last = rpc.call::<Long>(core(1), &[u32::MAX; 32], options).await;
                        assert_eq!(last, Ok(u32::MAX));
                        // The callee falls silent before the next call.
                        rpc.mailbox()
                            .mesh()
                            .sleep_until(rpc.mailbox().mesh().now() + Cycles::new(60_000))
                            .await;
                        let negated = rpc.call::<Negate>(core(1), &number, options).await;
                        assert_eq!(negated, Ok(!number));
                        rpc.mailbox()
                            .mesh()
                            .sleep_until(rpc.mailbox().mesh().now() + Cycles::new(60_000))
                            .await;
                    }
                    witness.saw("done".to_string());
                });
            })
        })
        .core(1, move |mesh| {
            let slow = Settings { rescan: Cycles::new(100_000_000), ..brisk(2) };
            Box::pin(serve_with(mesh, server.clone(), 1, Mode::Interrupt, slow))
        })
        .calm_start();
    (machine, witness.expects(["done"]))
}

/// Long and short calls by slot, urgent ones and a cast among them, while nobody looks into any line without a doorbell.
pub(super) fn slots(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let slow = Settings { rescan: Cycles::new(100_000_000), ..brisk(2) };
    let (caller, server) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = caller.clone();
            Box::pin(async move {
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, slow);
                let rpc = Rpc::new(&mailbox, Mode::Interrupt).unwrap();
                mailbox.mesh().ready().await;
                let work = async {
                    for number in 0..3_u8 {
                        let options =
                            Options::until(in_cycles(mailbox.mesh(), 2_000_000)).by(Mechanism::Slot);
                        let (sum, negated, queued) = join!(
                            rpc.call::<Sum>(core(1), &[u32::MAX; 8], options),
                            rpc.call::<Negate>(core(1), &number, options.urgent()),
                            rpc.cast::<Sum>(core(1), &[1; 8], options),
                        );
                        assert_eq!(sum, Ok(8 * u64::from(u32::MAX)));
                        assert_eq!(negated, Ok(!number));
                        assert_eq!(queued, Ok(()));
                        // Alone, so that only the look into the own queue, now and then, invalidates while it waits for
                        // each of 27 turns; that would be too late.
                        let options =
                            Options::until(in_cycles(mailbox.mesh(), 1_500_000)).by(Mechanism::Slot);
                        let last = rpc.call::<Long>(core(1), &[u32::MAX; 32], options).await;
                        assert_eq!(last, Ok(u32::MAX));
                    }
                    witness.saw("done".to_string());
                };
                either(witness.work(&mailbox, 1, work), rpc.run()).await;
            })
        })
        .core(1, move |mesh| Box::pin(serve_with(mesh, server.clone(), 1, Mode::Interrupt, slow)))
        .calm_start();
    (machine, witness.expects(["done"]))
}

/// One short call by slot.
pub(super) fn one_call_by_slot(chooser: Chooser) -> (Machine, Check) {
    one_call_by(Mechanism::Slot, chooser)
}

/// Callee and caller of calls by slot are reset in the middle, one after the other, and start again: each call that
/// succeeds has its own reply, and calls succeed after each restart.
pub(super) fn restarted_at_slots(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (caller, server) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = caller.clone();
            Box::pin(async move {
                calling!(mesh, witness, 1, |rpc| async {
                    let mesh = rpc.mailbox().mesh();
                    let own = rpc.mailbox().epoch().get();
                    let mut replies = 0;
                    while replies < 3 || rpc.mailbox().life_of(core(1)).is_none_or(|life| life.get() < 2) {
                        let options = Options::until(in_cycles(mesh, 300_000)).by(Mechanism::Slot);
                        let number = u32::from(own) * 1000 + replies;
                        let reply = rpc.call::<Sum>(core(1), &[number; 8], options).await;
                        if let Ok(sum) = reply {
                            assert_eq!(sum, 8 * u64::from(number));
                            replies += 1;
                        }
                    }
                    // The first life goes on until it is reset.
                    if own < 2 {
                        loop {
                            mesh.is_in_reset(core(1));
                        }
                    }
                    witness.saw("second life done".to_string());
                });
            })
        })
        .core(1, move |mesh| Box::pin(serve(mesh, server.clone(), 1, Mode::Interrupt)))
        .reset(1, 900, Some(20_000))
        .reset(0, 2_000, Some(10_000));
    (machine, witness.expects(["second life done"]))
}

/// A call is given up while its handler runs; the handler is dropped and the server serves the next.
pub(super) fn cancelled(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (caller, server) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = caller.clone();
            Box::pin(async move {
                calling!(mesh, witness, 1, |rpc| async {
                    let mesh = rpc.mailbox().mesh();
                    let ends = in_cycles(mesh, 60_000);
                    let hung = rpc.call::<Hang>(core(1), &(), Options::until(ends)).await;
                    assert!(
                        matches!(
                            hung,
                            Err(CallError::Callee(PeerError::TimedOut) | CallError::Send(SendError::TimedOut))
                        ),
                        "{hung:?}"
                    );
                    assert!(ends.is_over(mesh.now()), "gave up too early");
                    let reply = rpc.call::<Negate>(core(1), &0, Options::until(Deadline::Never)).await;
                    assert_eq!(reply, Ok(255));
                });
            })
        })
        .core(1, move |mesh| Box::pin(serve(mesh, server.clone(), 1, Mode::Interrupt)))
        .calm_start();
    (machine, Box::new(|| Ok(())))
}

/// The callee is reset in the middle and restarted: each call ends in time, and calls succeed again.
pub(super) fn restarted_callee(chooser: Chooser) -> (Machine, Check) {
    let witness = Witness::default();
    let (caller, server) = (witness.clone(), witness.clone());
    let machine = Machine::new(chooser)
        .core(0, move |mesh| {
            let witness = caller.clone();
            Box::pin(async move {
                calling!(mesh, witness, 1, |rpc| async {
                    let mesh = rpc.mailbox().mesh();
                    let mut lives = Vec::new();
                    while lives.len() < 2 {
                        let began = mesh.now();
                        let options = Options::until(in_cycles(mesh, 300_000));
                        let reply = rpc.call::<Sum>(core(1), &[1; 8], options).await;
                        assert!((mesh.now() - began).get() < 330_000, "a call outlives its deadline");
                        if reply.is_ok() {
                            assert_eq!(reply, Ok(8));
                            let life = rpc.mailbox().life_of(core(1));
                            if !lives.contains(&life) {
                                lives.push(life);
                            }
                        }
                    }
                    witness.saw("two lives".to_string());
                });
            })
        })
        .core(1, move |mesh| Box::pin(serve(mesh, server.clone(), 1, Mode::Interrupt)))
        .reset(1, 900, Some(20_000));
    (machine, witness.expects(["two lives"]))
}

#[test]
fn cancelled_handler_is_dropped() {
    for seed in 0..8 {
        let witness = Witness::default();
        let (caller, server) = (witness.clone(), witness.clone());
        let mut machine = Machine::new(Chooser::seeded(seed, Odds::SWITCHING))
            .core(0, move |mesh| {
                let witness = caller.clone();
                Box::pin(async move {
                    calling!(mesh, witness, 1, |rpc| async {
                        let deadline = in_cycles(rpc.mailbox().mesh(), 200_000);
                        let hung = rpc.call::<Hang>(core(1), &(), Options::until(deadline)).await;
                        assert_eq!(hung, Err(CallError::Callee(PeerError::TimedOut)));
                        witness.saw("gave up".to_string());
                        while witness.seen.borrow().len() < 2 {
                            let mesh = rpc.mailbox().mesh();
                            mesh.sleep_until(mesh.now() + Cycles::new(1_000)).await;
                        }
                    });
                })
            })
            .core(1, move |mesh| Box::pin(serve(mesh, server.clone(), 1, Mode::Interrupt)));
        assert_eq!(machine.run(), Outcome::Finished, "{}", machine.report());
        assert_eq!(*witness.seen.borrow(), ["gave up", "handler dropped"]);
    }
}

#[test]
fn more_calls_than_the_callee_has_room_for_all_succeed() {
    let witness = Witness::default();
    let mut machine = Machine::new(Chooser::seeded(3, Odds::HOSTILE)).steps(4_000_000);
    for me in 0..3_u8 {
        let witness = witness.clone();
        machine = machine.core(me, move |mesh| {
            let witness = witness.clone();
            Box::pin(async move {
                if me == 1 {
                    return serve(mesh, witness, 2, Mode::Interrupt).await;
                }
                let doorbell = mesh.doorbell();
                let mailbox = Mailbox::start(mesh, &doorbell, brisk(3));
                let rpc = Rpc::new(&mailbox, Mode::Interrupt).unwrap();
                let calls = (0..20_u8).map(|number| {
                    let rpc = &rpc;
                    async move {
                        let options = Options::until(Deadline::Never);
                        assert_eq!(rpc.call::<Negate>(core(1), &number, options).await, Ok(!number));
                    }
                });
                let all = async {
                    futures_util::future::join_all(calls).await;
                };
                either(witness.work(&mailbox, 2, all), rpc.run()).await;
            })
        });
    }
    assert_eq!(machine.run(), Outcome::Finished, "{}", machine.report());
    assert_eq!(witness.finished.get(), 2);
}

#[test]
fn core_that_serves_calls_sleeps_between_them() {
    let witness = Witness::default();
    let (caller, server) = (witness.clone(), witness.clone());
    let mut machine = Machine::new(Chooser::seeded(0, Odds::SWITCHING))
        .core(0, move |mesh| {
            let witness = caller.clone();
            Box::pin(async move {
                let doorbell = mesh.doorbell();
                let settings = Settings { rescan: Cycles::new(u64::MAX / 2), ..brisk(2) };
                let mailbox = Mailbox::start(mesh, &doorbell, settings);
                let rpc = Rpc::new(&mailbox, Mode::Interrupt).unwrap();
                let work = async {
                    for mechanism in Mechanism::ALL {
                        let options = Options::until(Deadline::Never).by(mechanism);
                        assert_eq!(rpc.call::<Negate>(core(1), &1, options).await, Ok(0xFE));
                    }
                    mailbox.mesh().sleep_until(mailbox.mesh().now() + Cycles::new(1_000_000_000)).await;
                };
                either(
                    async {
                        work.await;
                        witness.finished.set(1)
                    },
                    async {
                        join!(rpc.run(), mailbox.run());
                    },
                )
                .await;
            })
        })
        .core(1, move |mesh| {
            let witness = server.clone();
            Box::pin(async move {
                let doorbell = mesh.doorbell();
                let settings = Settings { rescan: Cycles::new(u64::MAX / 2), ..brisk(2) };
                let mailbox = Mailbox::start(mesh, &doorbell, settings);
                let rpc = Rpc::new(&mailbox, Mode::Interrupt).unwrap();
                let negate = rpc.serve::<Negate>(Class::Ordinary, async |_: Caller, number: u8| !number);
                let all = async {
                    let _ = join!(rpc.run(), mailbox.run(), negate);
                };
                let end = async {
                    while witness.finished.get() == 0 {
                        mailbox.mesh().sleep_until(mailbox.mesh().now() + Cycles::new(100_000_000)).await;
                    }
                };
                either(all, end).await;
            })
        })
        .steps(5_000);
    assert_eq!(machine.run(), Outcome::Finished, "{}", machine.report());
}
