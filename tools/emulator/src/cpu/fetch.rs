//! Instruction bytes: where they come from and how a block notices that they changed.

use super::fault::Stop;
use super::model::Model;
use super::op::Op;
use super::segment::SegmentName;
use super::state::Core;
use crate::cache::{CodeSlot, FetchedLine};
use crate::chip::Fabric;
use crate::chip::port::{LINE, MeshPort};
use crate::mmu::walk::{Intent, Translated, translate};
use scc::address::PhysAddr;
use scc::memory_type::MemoryType;

const PAGE: u32 = 0x1000;
/// Bytes a window may hold: a block's worth plus an instruction that crosses a page.
const WINDOW: usize = 192;
/// Code lines a window may span: one more than fit, because it may begin inside a line.
const LINES: usize = WINDOW / LINE + 1;

/// Where a block's bytes came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Origin {
    /// A page of DRAM in the fast model, with the code version at decoding; the second one if the block's
    /// only instruction crosses into another page.
    Pages([Option<(u32, u32)>; 2]),
    /// Lines of the L1 code cache, with their stamps.
    Lines([Option<(CodeSlot, u32)>; LINES]),
    /// Fetched from something that is not cached: the bytes are read again every time.
    #[default]
    Volatile,
}

impl Origin {
    /// Whether [`Origin::is_current`] can ever say yes.
    pub(crate) fn is_checkable(&self) -> bool {
        matches!(self, Origin::Pages([Some(_), None]) | Origin::Lines(_))
    }

    /// Lines of the L1 code cache that hold the bytes.
    pub(crate) fn line_count(&self) -> u8 {
        match self {
            Origin::Lines(lines) => lines.iter().map_while(|line| *line).count().to_le_bytes()[0],
            Origin::Pages(_) | Origin::Volatile => 0,
        }
    }

    /// Whether the core would fetch the same bytes now, as far as this can be told without fetching.
    #[inline(always)]
    pub(crate) fn is_current<M: Model>(&self, core: &mut Core, fabric: &Fabric) -> bool {
        match self {
            Origin::Pages([Some((page, version)), None]) if !M::STRICT => {
                fabric.dram.page(*page).is_some_and(|page| page.version == *version)
            }
            Origin::Lines(lines) if M::STRICT => {
                let mut current = true;
                for (slot, stamp) in lines.iter().map_while(|line| *line) {
                    current &= core.hierarchy.code_stamp(slot) == stamp;
                }
                if current {
                    for (slot, _) in lines.iter().map_while(|line| *line) {
                        core.hierarchy.code_touch(slot);
                    }
                }
                current
            }
            _ => false,
        }
    }
}

impl Origin {
    /// Fast model: if `bytes`, decoded from `offset` of one page, are still there, brings the code version up to
    /// date and says so.
    pub(crate) fn renew(&mut self, fabric: &mut Fabric, offset: usize, bytes: &[u8]) -> bool {
        let Origin::Pages([Some((index, version)), None]) = self else { return false };
        let Some(page) = fabric.dram.page_mut(*index) else { return false };
        if page.bytes.get(offset..offset + bytes.len()) != Some(bytes) {
            return false;
        }
        for line in (offset & !(LINE - 1)..offset + bytes.len()).step_by(LINE) {
            page.mark_code(line);
        }
        *version = page.version;
        true
    }
}

/// The bytes at CS:EIP and as many after them as decoding asks for.
pub(crate) struct Window {
    linear: u32,
    first: Translated,
    /// The page after, if an instruction reached into it.
    second: Option<Translated>,
    /// Fast model: the pages of DRAM behind the two.
    pages: [Option<u32>; 2],
    bytes: [u8; WINDOW + 8],
    length: usize,
    lines: [Option<(CodeSlot, u32)>; LINES],
    line_count: usize,
    volatile: bool,
}

impl Window {
    /// An empty window that begins at `linear`, which is `first`.
    pub(crate) fn new(linear: u32, first: Translated) -> Self {
        Window {
            linear,
            first,
            second: None,
            pages: [None; 2],
            bytes: [0; WINDOW + 8],
            length: 0,
            lines: [None; LINES],
            line_count: 0,
            volatile: false,
        }
    }

    pub(crate) fn physical(&self) -> u32 {
        self.first.physical
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Eight bytes from `at` on, which is inside the window; those not fetched yet are zero.
    #[inline(always)]
    pub(crate) fn eight(&self, at: usize) -> &[u8; 8] {
        self.bytes[at..].first_chunk().expect("a window has eight bytes more than it may hold")
    }

    fn next_linear(&self) -> u32 {
        let length = u32::try_from(self.length).expect("a window is short");
        self.linear.wrapping_add(length)
    }

    /// The next byte would come from the page after the first.
    pub(crate) fn is_at_page_end(&self) -> bool {
        self.length > 0 && self.next_linear().is_multiple_of(PAGE) || self.second.is_some()
    }

    /// No more bytes fit.
    pub(crate) fn is_full(&self) -> bool {
        self.length == WINDOW
    }

    pub(crate) fn crossed_page(&self) -> bool {
        self.second.is_some()
    }

    /// Fetches the bytes up to the next line boundary.
    pub(crate) fn extend<M: Model>(&mut self, core: &mut Core, fabric: &mut Fabric) -> Result<(), Stop> {
        let next = self.next_linear();
        if self.is_at_page_end() && self.second.is_none() {
            let mode = core.mode();
            let second = translate::<M>(core, fabric, &Op::BOUNDARY, next, Intent::Fetch, mode)?;
            self.second = Some(second);
        }
        let page = self.second.unwrap_or(self.first);
        let at = (page.physical & !(PAGE - 1)) | (next & (PAGE - 1));
        let line = self.line::<M>(core, fabric, at, page.kind)?;
        let from = at as usize % LINE;
        let room = (LINE - from).min(WINDOW - self.length);
        self.bytes[self.length..self.length + room].copy_from_slice(&line[from..from + room]);
        self.length += room;
        Ok(())
    }

    fn line<M: Model>(
        &mut self,
        core: &mut Core,
        fabric: &mut Fabric,
        at: u32,
        kind: MemoryType,
    ) -> Result<[u8; LINE], Stop> {
        let at = PhysAddr::new(at);
        let issue = core.issue(&Op::BOUNDARY);
        if M::STRICT {
            let fetch = core.hierarchy.fetch_line(fabric, issue, at, kind)?;
            core.account(fetch.stall, fetch.left);
            return Ok(match fetch.line {
                FetchedLine::Cached { slot, stamp } => {
                    self.lines[self.line_count % LINES] = Some((slot, stamp));
                    self.line_count += 1;
                    *core.hierarchy.code_bytes(slot)
                }
                FetchedLine::Uncached(bytes) => {
                    self.volatile = true;
                    bytes
                }
            });
        }
        let offset = (at.get() as usize % PAGE as usize) & !(LINE - 1);
        let index = &mut self.pages[usize::from(self.second.is_some())];
        if index.is_none() {
            *index = fabric.dram_page(core.id, at);
        }
        if let Some(page) = index.and_then(|index| fabric.dram.page_mut(index)) {
            page.mark_code(offset);
            let mut line = [0; LINE];
            line.copy_from_slice(&page.bytes[offset..offset + LINE]);
            return Ok(line);
        }
        core.order(&issue)?;
        self.volatile = true;
        let reply = fabric.read_line(core.id, at.line_base(), issue.now)?;
        core.fetched(reply);
        Ok(reply.value)
    }

    /// What the first `length` bytes depend on.
    pub(crate) fn origin<M: Model>(&self, fabric: &Fabric, length: usize) -> Origin {
        if self.volatile {
            return Origin::Volatile;
        }
        if M::STRICT {
            let first_line = LINE - self.linear as usize % LINE;
            let needed = 1 + length.saturating_sub(first_line).div_ceil(LINE);
            let mut lines = self.lines;
            for line in &mut lines[needed.min(LINES)..] {
                *line = None;
            }
            return Origin::Lines(lines);
        }
        let version = |index: Option<u32>| Some((index?, fabric.dram.page(index?)?.version));
        Origin::Pages(self.pages.map(version))
    }
}

impl Core {
    /// Linear address of the next instruction.
    pub(crate) fn linear_eip(&self) -> u32 {
        self.segment(SegmentName::Cs).base.wrapping_add(self.eip)
    }
}
