//! Record of cores' transactions, kept only while a trace collects it.

use scc::address::{PhysAddr, SystemAddr};
use scc::command::Command;
use scc::id::CoreId;
use scc::timing::Time;

use super::port::{LINE, Refusal, Reply};

/// Where a transaction went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusTarget {
    /// Through the LUT.
    Memory {
        /// Core physical address.
        physical: PhysAddr,
        /// Address after the LUT.
        system: SystemAddr,
    },
    /// To an I/O port.
    Port(u16),
}

/// One transaction of a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusEvent {
    /// The core.
    pub core: CoreId,
    /// When the core issued it.
    pub issued: Time,
    /// When the answer was back; `None` if it never comes.
    pub done: Option<Time>,
    /// The request.
    pub command: Command,
    /// Its destination.
    pub target: BusTarget,
    /// Bytes moved, 1 to 32.
    pub bytes: u8,
    data: [u8; LINE],
}

impl BusEvent {
    /// The bytes moved, in address order; zeroes for a read without an answer.
    pub fn data(&self) -> &[u8] {
        &self.data[..usize::from(self.bytes)]
    }
}

/// The transactions since the last collection.
#[derive(Debug, Clone, Default)]
pub(super) struct BusLog {
    events: Option<Vec<BusEvent>>,
}

/// A request about to be recorded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    pub(super) core: CoreId,
    pub(super) issued: Time,
    pub(super) command: Command,
    pub(super) target: BusTarget,
}

impl BusLog {
    pub(super) fn start(&mut self) {
        self.events.get_or_insert_default();
    }

    #[inline(always)]
    pub(super) fn is_on(&self) -> bool {
        self.events.is_some()
    }

    pub(super) fn events(&self) -> &[BusEvent] {
        self.events.as_deref().unwrap_or_default()
    }

    pub(super) fn clear(&mut self) {
        if let Some(events) = &mut self.events {
            events.clear();
        }
    }

    /// Records `request` with its `data`, or as many zero bytes if there is none, and what came of it.
    pub(super) fn record<T>(&mut self, request: Request, data: &[u8], answer: &Result<Reply<T>, Refusal>) {
        let Some(events) = &mut self.events else { return };
        let mut bytes = [0; LINE];
        bytes[..data.len()].copy_from_slice(data);
        events.push(BusEvent {
            core: request.core,
            issued: request.issued,
            done: answer.as_ref().ok().map(|reply| reply.done),
            command: request.command,
            target: request.target,
            bytes: u8::try_from(data.len()).expect("a transaction moves at most a line"),
            data: bytes,
        });
    }
}
