//! Calls by every mechanism, to the next members and back.

use executor::sync::Event;
use futures_util::future::join3;
use ipi::mailbox::Mode;
use ipi::mesh::{CoreSet, Mesh as _};
use ipi::rpc::{Caller, Class, Mechanism, Options, Procedure};
use scc::id::CoreId;

use super::{JointError, PATIENCE_MILLISECONDS, Team};
use crate::services::Calls;

/// Distances in ranks to the members that are called.
const DISTANCES: [usize; 2] = [1, 7];

/// Mixes words with the numbers of caller and callee; a request of several parts.
pub(super) struct Mix;

impl Procedure for Mix {
    const NUMBER: u8 = 1;
    type Request = [u32; 6];
    type Reply = [u32; 6];
}

/// Ends the test of a core that serves only.
pub(super) struct Dismiss;

impl Procedure for Dismiss {
    const NUMBER: u8 = 2;
    type Request = ();
    type Reply = ();
}

/// Serves the procedures of this test, for ever.
pub(super) async fn serve(calls: &Calls, dismissed: &Event) {
    let own = calls.mailbox().mesh().core();
    let mix = async |caller: Caller, words| mixed(caller.core, own, words);
    let served = join3(
        calls.serve::<Mix>(Class::Ordinary, mix),
        calls.serve::<Mix>(Class::Urgent, mix),
        calls.serve::<Dismiss>(Class::Ordinary, async |_, ()| dismissed.set()),
    )
    .await;
    unreachable!("a server found no place: {served:?}");
}

pub(super) async fn check(team: &mut Team) -> Result<(), JointError> {
    for mechanism in Mechanism::ALL {
        if mechanism == Mechanism::PolledFlag {
            // Requests of those that call this core, and replies of those that it calls.
            let back = DISTANCES.map(|distance| team.group.size() * 7 - distance);
            let watched = DISTANCES.into_iter().chain(back).map(|distance| team.neighbour(distance));
            team.services.calls.set_mode(Mode::Polled(watched.fold(CoreSet::EMPTY, CoreSet::with)));
        }
        for (round, distance) in (0..).zip(DISTANCES) {
            call(team, team.neighbour(distance), mechanism, round).await?;
        }
        team.align(PATIENCE_MILLISECONDS).await?;
        team.services.calls.set_mode(Mode::Interrupt);
        team.align(PATIENCE_MILLISECONDS).await?;
    }
    Ok(())
}

/// Calls [`Mix`] once, urgently in every other round, and checks the reply.
pub(super) async fn call(
    team: &Team,
    to: CoreId,
    mechanism: Mechanism,
    round: u32,
) -> Result<(), JointError> {
    let seed = u32::from(to.number()) << 24 | round;
    let words = [1, 2, 3, 4, 5, 6].map(|word: u32| word.wrapping_mul(0x9E37_79B1) ^ seed);
    let options = Options::until(team.soon()).by(mechanism);
    let options = if round.is_multiple_of(2) { options } else { options.urgent() };
    let reply = team.services.calls.call::<Mix>(to, &words, options).await;
    let reply = reply.map_err(|error| JointError::Call { to, error })?;
    if reply == mixed(team.own, to, words) { Ok(()) } else { Err(JointError::Reply(to)) }
}

fn mixed(caller: CoreId, callee: CoreId, words: [u32; 6]) -> [u32; 6] {
    let key = u32::from(caller.number()) << 8 | u32::from(callee.number());
    words.map(|word| word.rotate_left(5) ^ key)
}
