//! Record of the interrupts and exceptions a core takes, kept only while a trace asks for it.

use super::state::Core;
use super::system::interrupt::{Event, Source};
use i586::exception::Exception;

/// What asked for the handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Hardware,
    Exception,
    Software,
}

/// A handler that was entered, with the state it was entered from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) cause: Cause,
    pub(crate) vector: u8,
    pub(crate) code: Option<u16>,
    /// CR2, for page faults.
    pub(crate) address: Option<u32>,
    pub(crate) before: Interrupted,
}

/// What delivery changes of an interrupted core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interrupted {
    pub(crate) time_stamp: u64,
    pub(crate) linear_eip: u32,
    pub(crate) selectors: [u16; 6],
    pub(crate) eip: u32,
    pub(crate) esp: u32,
    pub(crate) eflags: u32,
}

impl Core {
    /// What a delivery beginning now interrupts, if deliveries are recorded.
    pub(crate) fn interrupted(&self) -> Option<Interrupted> {
        self.deliveries.as_ref().map(|_| Interrupted {
            time_stamp: self.tsc_base.wrapping_add(self.cycles),
            linear_eip: self.linear_eip(),
            selectors: std::array::from_fn(|index| self.segments[index].selector),
            eip: self.eip,
            esp: self.regs[4],
            eflags: self.flags.get().bits(),
        })
    }

    /// Records a completed delivery.
    pub(crate) fn record_delivery(&mut self, event: Event, before: Option<Interrupted>) {
        let (Some(before), Some(deliveries)) = (before, &mut self.deliveries) else { return };
        let cause = match event.source {
            Source::Hardware => Cause::Hardware,
            Source::Exception { .. } => Cause::Exception,
            Source::Software | Source::Debug => Cause::Software,
        };
        let page_fault = cause == Cause::Exception && event.vector == Exception::PageFault.vector();
        deliveries.push(Delivery {
            cause,
            vector: event.vector,
            code: event.code,
            address: page_fault.then_some(self.cr2),
            before,
        });
    }
}
