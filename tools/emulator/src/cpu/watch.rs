//! Data watchpoints of a debugger attached from outside (the core's own DR0 to DR3 are in
//! [`super::system::debug`]).

use super::fault::Stop;
use super::state::Core;
use crate::mmu::walk::Intent;

/// Which accesses a watchpoint stops at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WatchKind {
    Read,
    Write,
    Access,
}

/// A watched range of linear addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watchpoint {
    pub(crate) linear: u32,
    pub(crate) bytes: u32,
    pub(crate) kind: WatchKind,
}

impl Core {
    /// Replaces the watchpoints; accesses to their pages take the slow path from now on.
    pub(crate) fn set_watchpoints(&mut self, watchpoints: Vec<Watchpoint>) {
        self.watchpoints = watchpoints;
        self.hot.flush();
    }

    /// Whether the page of `linear` must not become hot.
    pub(crate) fn is_watched_page(&self, linear: u32) -> bool {
        self.watchpoints.iter().any(|watch| {
            let last = watch.linear.wrapping_add(watch.bytes.saturating_sub(1));
            linear >> 12 == watch.linear >> 12 || linear >> 12 == last >> 12
        })
    }

    /// Stops an access that touches a watchpoint, once: the next attempt of the same instruction goes on.
    pub(crate) fn check_watchpoints(&mut self, linear: u32, bytes: u32, intent: Intent) -> Result<(), Stop> {
        if self.pass_watchpoints {
            return Ok(());
        }
        let hit = self.watchpoints.iter().find(|watch| {
            let kind = match watch.kind {
                WatchKind::Read => intent == Intent::Read,
                WatchKind::Write => intent == Intent::Write,
                WatchKind::Access => true,
            };
            let overlaps =
                linear.wrapping_sub(watch.linear) < watch.bytes || watch.linear.wrapping_sub(linear) < bytes;
            kind && overlaps
        });
        if let Some(watch) = hit {
            self.watch_hit = Some(*watch);
            return Err(Stop::Watchpoint);
        }
        Ok(())
    }
}
