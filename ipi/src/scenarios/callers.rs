//! Calls of one core to another, several at once, whose replies come in another order.

use futures_util::future::{join, join_all};

use super::*;
use crate::mailbox::Mode;
use crate::rpc::{Caller, Class, Options, Procedure, Rpc};
use crate::testing::Odds;

/// Returns the request after so many thousand cycles.
struct Delay;

impl Procedure for Delay {
    const NUMBER: u8 = 11;
    type Request = u8;
    type Reply = u8;
}

/// Requests, the slowest first.
const REQUESTS: [u8; 4] = [40, 25, 15, 1];

/// Nobody looks after his callee within the time that the calls may take.
fn without_looks() -> Settings {
    let never = Cycles::new(u64::MAX);
    Settings { first_ring: never, last_ring: never, ..brisk(2) }
}

#[test]
fn caller_that_reads_the_reply_of_another_call_has_that_one_go_on_at_once() {
    for seed in 0..20 {
        let witness = Witness::default();
        let (caller, callee) = (witness.clone(), witness.clone());
        let mut machine = Machine::new(Chooser::seeded(seed, Odds::SWITCHING))
            .core(0, move |mesh| {
                let witness = caller.clone();
                Box::pin(async move {
                    let doorbell;
                    let mailbox = start!(mesh, doorbell, without_looks());
                    let rpc = Rpc::new(&mailbox, Mode::Interrupt).unwrap();
                    let options = Options::until(in_cycles(mailbox.mesh(), 300_000));
                    let work = async {
                        let calls =
                            REQUESTS.iter().map(|request| rpc.call::<Delay>(core(1), request, options));
                        for (request, reply) in REQUESTS.into_iter().zip(join_all(calls).await) {
                            assert_eq!(reply, Ok(request));
                        }
                    };
                    either(witness.work(&mailbox, 1, work), rpc.run()).await;
                })
            })
            .core(1, move |mesh| {
                let witness = callee.clone();
                Box::pin(async move {
                    let doorbell = mesh.doorbell();
                    let mailbox = Mailbox::start(mesh, &doorbell, without_looks());
                    let rpc = Rpc::new(&mailbox, Mode::Interrupt).unwrap();
                    mailbox.mesh().ready().await;
                    let delay = async |_: Caller, thousands: u8| {
                        let mesh = mailbox.mesh();
                        mesh.sleep_until(mesh.now() + Cycles::new(u64::from(thousands) * 1_000)).await;
                        thousands
                    };
                    let servers = REQUESTS.map(|_| rpc.serve::<Delay>(Class::Ordinary, delay));
                    let serving = async {
                        join(join_all(servers), join(mailbox.run(), rpc.run())).await;
                    };
                    either(witness.others(mailbox.mesh(), 1), serving).await;
                })
            })
            .calm_start();
        assert_eq!(machine.run(), Outcome::Finished, "seed {seed}:\n{}", machine.report());
    }
}
