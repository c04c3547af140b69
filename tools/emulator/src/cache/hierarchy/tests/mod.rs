//! Tests of one core's memory side against a mesh that is a plain array.

mod caches;
mod combining;
mod control;
mod fetch;
mod properties;
mod timing;

use super::*;
use crate::chip::port::{LINE, Reply};
use scc::id::CoreId;
use scc::memory_type::MemoryType;
use std::collections::BTreeMap;
use std::mem::take;

/// Clock period of the core, 533 MHz.
const PERIOD: u64 = 1875;
/// Time of every mesh transaction.
const LATENCY: u64 = 100 * PERIOD;

/// One transaction as the mesh sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Read { at: u32, bytes: u32 },
    Write { at: u32, bytes: u32, value: u64 },
    ReadLine(u32),
    WriteBack(u32),
    WriteCombined(u32),
}

/// A mesh with memory behind every address, initially 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct FakeMesh {
    memory: BTreeMap<u32, [u8; LINE]>,
    seen: Vec<(Seen, u64)>,
    flat: bool,
    /// Transactions answered before the mesh refuses.
    refuse_after: Option<usize>,
}

impl FakeMesh {
    fn line(&mut self, at: u32) -> &mut [u8; LINE] {
        self.memory.entry(at & !31).or_insert([0; LINE])
    }

    fn word(&mut self, at: u32) -> u32 {
        let start = at as usize % LINE;
        u32::from_le_bytes(self.line(at)[start..start + 4].try_into().unwrap())
    }

    fn set_word(&mut self, at: u32, value: u32) {
        let start = at as usize % LINE;
        self.line(at)[start..start + 4].copy_from_slice(&value.to_le_bytes());
    }

    fn reply<T>(&mut self, seen: Seen, value: T, now: Time) -> Result<Reply<T>, Refusal> {
        if self.refuse_after.is_some_and(|limit| self.seen.len() >= limit) {
            return Err(Refusal::NotYet);
        }
        self.seen.push((seen, now.as_picoseconds()));
        let latency = if self.flat { 0 } else { LATENCY };
        Ok(Reply { value, done: now + Time::from_picoseconds(latency) })
    }
}

impl MeshPort for FakeMesh {
    fn read(&mut self, _: CoreId, at: PhysAddr, bytes: u32, now: Time) -> Result<Reply<u64>, Refusal> {
        let at = at.get();
        assert!(at % 8 + bytes <= 8, "a read inside one quadword");
        let value = crate::cache::line::read(self.line(at), at as usize % LINE, bytes);
        self.reply(Seen::Read { at, bytes }, value, now)
    }

    fn write(
        &mut self,
        _: CoreId,
        at: PhysAddr,
        bytes: u32,
        value: u64,
        now: Time,
    ) -> Result<Reply<()>, Refusal> {
        let at = at.get();
        assert!(at % 8 + bytes <= 8, "a write inside one quadword");
        assert!(bytes == 8 || value >> (8 * bytes) == 0, "no bits beyond the written bytes");
        crate::cache::line::write(self.line(at), at as usize % LINE, bytes, value);
        self.reply(Seen::Write { at, bytes, value }, (), now)
    }

    fn read_line(&mut self, _: CoreId, line: PhysAddr, now: Time) -> Result<Reply<[u8; LINE]>, Refusal> {
        let value = *self.line(line.get());
        self.reply(Seen::ReadLine(line.get()), value, now)
    }

    fn write_line(
        &mut self,
        _: CoreId,
        line: PhysAddr,
        data: &[u8; LINE],
        command: LineWrite,
        now: Time,
    ) -> Result<Reply<()>, Refusal> {
        *self.line(line.get()) = *data;
        let seen = match command {
            LineWrite::WriteBack => Seen::WriteBack(line.get()),
            LineWrite::WriteCombined => Seen::WriteCombined(line.get()),
        };
        self.reply(seen, (), now)
    }
}

/// A core's memory side on a fake mesh, with the core's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rig {
    side: Hierarchy,
    mesh: FakeMesh,
    now: u64,
}

impl Rig {
    /// Caching enabled.
    fn new() -> Self {
        let mut rig = Self::after_reset();
        rig.set(|control| {
            control.cache_disable = false;
            control.not_write_through = false;
        });
        rig
    }

    fn after_reset() -> Self {
        Self { side: Hierarchy::new(), mesh: FakeMesh::default(), now: 0 }
    }

    fn set(&mut self, change: impl FnOnce(&mut CacheControl)) {
        let mut control = self.side.control();
        change(&mut control);
        self.side.set_control(control);
    }

    fn issue(&self) -> Issue {
        Issue {
            core: CoreId::new(0).unwrap(),
            now: Time::from_picoseconds(self.now),
            may_leave: true,
            cycle: Time::from_picoseconds(PERIOD),
        }
    }

    fn advance(&mut self, stall: Time) {
        self.now += PERIOD + stall.as_picoseconds();
    }

    fn load(&mut self, at: u32, bytes: u32, kind: MemoryType) -> u64 {
        let issue = self.issue();
        let access = self.side.load(&mut self.mesh, issue, PhysAddr::new(at), bytes, kind).unwrap();
        self.advance(access.stall);
        access.value
    }

    fn store(&mut self, at: u32, bytes: u32, value: u64, kind: MemoryType) {
        let issue = self.issue();
        let access = self.side.store(&mut self.mesh, issue, PhysAddr::new(at), bytes, value, kind).unwrap();
        self.advance(access.stall);
    }

    fn fetch(&mut self, at: u32, kind: MemoryType) -> [u8; LINE] {
        let issue = self.issue();
        let fetch = self.side.fetch_line(&mut self.mesh, issue, PhysAddr::new(at), kind).unwrap();
        self.advance(fetch.stall);
        match fetch.line {
            FetchedLine::Cached { slot, .. } => *self.side.code_bytes(slot),
            FetchedLine::Uncached(bytes) => bytes,
        }
    }

    fn wbinvd(&mut self) {
        let issue = self.issue();
        let access = self.side.wbinvd(&mut self.mesh, issue).unwrap();
        self.advance(access.stall);
    }

    /// Reads the lines A-B-C-D-A of every L2 set, from memory that nothing else uses.
    fn flush_l2(&mut self) {
        for set in 0..2048_u32 {
            for way in [0, 1, 2, 3, 0] {
                self.load(0x0800_0000 + way * 0x1_0000 + set * 32, 4, MemoryType::WriteBack);
            }
        }
    }

    /// Returns the transactions since the last call.
    fn traffic(&mut self) -> Vec<Seen> {
        take(&mut self.mesh.seen).into_iter().map(|(seen, _)| seen).collect()
    }

    /// Returns the kinds of the warnings since the last call.
    fn warnings(&mut self) -> Vec<FindingKind> {
        self.side.take_warnings().into_iter().map(|finding| finding.kind).collect()
    }
}
