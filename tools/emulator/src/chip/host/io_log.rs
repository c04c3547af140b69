//! Record of port accesses, kept only while somebody collects it.

use scc::id::CoreId;
use scc::timing::Time;

/// Direction of a port access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IoDirection {
    /// IN.
    In,
    /// OUT.
    Out,
}

/// One port access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IoEvent {
    /// When the core issued it.
    pub at: Time,
    /// The core.
    pub core: CoreId,
    /// First port.
    pub port: u16,
    /// Width in bytes, 1 to 4.
    pub bytes: u32,
    /// Direction.
    pub direction: IoDirection,
    /// Value read or written, right-aligned.
    pub value: u32,
    /// Whether a device is at the first port.
    pub known: bool,
}

/// The accesses since the last collection.
#[derive(Debug, Default)]
pub(super) struct IoLog {
    events: Option<Vec<IoEvent>>,
}

impl IoLog {
    pub(super) fn start(&mut self) {
        self.events.get_or_insert_default();
    }

    #[inline]
    pub(super) fn record(&mut self, event: IoEvent) {
        if let Some(events) = &mut self.events {
            events.push(event);
        }
    }

    pub(super) fn take(&mut self) -> Vec<IoEvent> {
        self.events.as_mut().map(std::mem::take).unwrap_or_default()
    }
}
