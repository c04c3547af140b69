//! The procedure every core serves: who is there, in which life.
//!
//! Also the pattern of a service: a [`Procedure`] that caller and callee share, a handler, and a task that serves it.

use ipi::rpc::{Class, Procedure};

use super::Calls;
use crate::platform::machine;

/// Asks a core who it is.
pub struct Identify;

impl Procedure for Identify {
    const NUMBER: u8 = 0;
    type Request = ();
    /// Its number, its life as counted by the FPGA, and the megahertz of its clock.
    type Reply = (u8, u16, u32);
}

/// Answers calls of [`Identify`], for ever.
///
/// *Cancel safety*: as of [`Rpc::serve`](ipi::rpc::Rpc::serve).
pub async fn serve(calls: &Calls) {
    let handler = async |_, ()| {
        let megahertz = machine::clocks::cycles_per_millisecond() / 1_000;
        (machine::identity::core().number(), calls.mailbox().epoch().get(), megahertz)
    };
    if let Err(error) = calls.serve::<Identify>(Class::Ordinary, handler).await {
        log::error!(target: "services", "not served: {error}");
    }
}
