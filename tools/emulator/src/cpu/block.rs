//! Decoded blocks and where they are found again.
//!
//! A block is a run of instructions up to a branch, a page end or [`BLOCK_OPS`]. It stays valid for as long
//! as the bytes it was made from are what the core would fetch: in the fast model that is the page's code
//! version, in the strict model the stamps of the L1 code lines that hold it. When those have changed, the
//! bytes are compared, and only if they differ is the block decoded again.

use super::again::Idle;
use super::decode::{Decoded, Idling, Known, MAX_LENGTH, decode, fuse, word};
use super::fault::Stop;
use super::fetch::{Origin, Window};
use super::model::Model;
use super::op::{Handler, Op, fall_through};
use super::segment::SegmentName;
use super::state::Core;
use crate::chip::Fabric;
use crate::mmu::walk::{Intent, translate};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Most instructions in a block. Bounds the nesting of handlers where calls are not turned into jumps.
pub(crate) const BLOCK_OPS: usize = 32;
/// Most blocks kept per core; beyond that all are dropped and made anew.
const BLOCKS: usize = 16_384;
const JUMPS: usize = 4096;

/// A decoded run of instructions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Block {
    pub(crate) ops: Vec<Op>,
    /// What comparisons that run as one with the branch behind them do alone, by place in `ops`.
    alone: Vec<(usize, Handler)>,
    /// Where its bytes came from and how to see that they are still the same.
    origin: Origin,
    bytes: Vec<u8>,
    /// It jumps to its own beginning and does nothing else.
    idles: bool,
}

impl Block {
    /// The handler that runs the op at `at` and nothing after it when given that op alone.
    pub(crate) fn handler(&self, at: usize) -> Option<Handler> {
        let alone = self.alone.iter().find(|(place, _)| *place == at).map(|(_, handler)| *handler);
        alone.or_else(|| self.ops.get(at).map(|op| op.run))
    }

    /// Whether the core would fetch the same bytes now.
    #[inline(always)]
    pub(crate) fn is_current<M: Model>(&self, core: &mut Core, fabric: &Fabric) -> bool {
        self.origin.is_current::<M>(core, fabric)
    }

    /// One round of the block if it is a loop that does nothing.
    pub(crate) fn idle(&self) -> Option<Idle> {
        let jump = self.ops.last().filter(|_| self.idles)?;
        Some(Idle { cycles: jump.cycles, instructions: jump.number + 1, lines: self.origin.line_count() })
    }

    /// Fast model: whether the bytes at `linear`, where the block was found before, are still those it was made
    /// from although something was written near them. If so it is current again.
    #[cold]
    #[inline(never)]
    fn is_unchanged(&mut self, fabric: &mut Fabric, linear: u32) -> bool {
        let offset = (linear & 0xFFF) as usize;
        self.origin.renew(fabric, offset, &self.bytes)
    }

    /// Bytes of all its instructions.
    pub(crate) fn byte_count(&self) -> u32 {
        u32::try_from(self.bytes.len()).expect("a block is shorter than its window")
    }
}

/// What a block depends on besides its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    physical: u32,
    wide: bool,
    single: bool,
}

/// Spreads a key's few words over 64 bits; nobody chooses keys to make them collide.
#[derive(Debug, Clone, Copy, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u8(&mut self, value: u8) {
        self.write_u32(u32::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.0 = (self.0.rotate_left(5) ^ u64::from(value)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Jump {
    linear: u32,
    generation: u32,
    block: u32,
    /// Fast model: [`crate::chip::dram::Dram::code_writes`] when the block was last seen to be current.
    writes: u32,
}

/// The blocks of one core.
#[derive(Debug, Clone)]
pub(crate) struct CodeCache {
    blocks: Vec<Block>,
    places: HashMap<Key, u32, BuildHasherDefault<Spread>>,
    /// Where control went recently, by linear address.
    jumps: Box<[Jump; JUMPS]>,
    known: Known,
    /// Where a block is made; afterwards it changes places with the one it replaces.
    draft: Block,
}

impl CodeCache {
    pub(crate) fn new() -> Self {
        CodeCache {
            blocks: Vec::new(),
            places: HashMap::default(),
            jumps: empty_jumps(),
            known: Known::default(),
            draft: Block::default(),
        }
    }

    /// Finds or makes the block at CS:EIP.
    ///
    /// # Errors
    /// #GP(0) past the code segment's limit, #PF of the fetch, or what the memory behind it answers.
    #[inline(always)]
    pub(crate) fn enter<M: Model>(
        &mut self,
        core: &mut Core,
        fabric: &mut Fabric,
        single: bool,
    ) -> Result<&Block, Stop> {
        let linear = core.segment(SegmentName::Cs).base.wrapping_add(core.eip);
        let jump = &mut self.jumps[(linear ^ linear >> 12) as usize % JUMPS];
        if jump.linear == linear && jump.generation == core.code_generation && !single {
            let index = jump.block as usize;
            let writes = fabric.dram.code_writes();
            if index < self.blocks.len()
                && (!M::STRICT && jump.writes == writes
                    || self.blocks[index].origin.is_current::<M>(core, fabric)
                    || !M::STRICT && self.blocks[index].is_unchanged(fabric, linear))
            {
                jump.writes = writes;
                return Ok(&self.blocks[index]);
            }
        }
        self.enter_slow::<M>(core, fabric, linear, single)
    }

    #[cold]
    #[inline(never)]
    fn enter_slow<M: Model>(
        &mut self,
        core: &mut Core,
        fabric: &mut Fabric,
        linear: u32,
        single: bool,
    ) -> Result<&Block, Stop> {
        if core.eip > core.segment(SegmentName::Cs).limit {
            return Err(Stop::PROTECTION);
        }
        let mode = core.mode();
        let first = translate::<M>(core, fabric, &Op::BOUNDARY, linear, Intent::Fetch, mode)?;
        let mut window = Window::new(linear, first);
        window.extend::<M>(core, fabric)?;
        let key = Key { physical: window.physical(), wide: core.segment(SegmentName::Cs).big, single };
        let index = match self.places.get(&key).copied() {
            Some(index) if self.refresh::<M>(core, fabric, index, &mut window) => index,
            known => {
                build::<M>(core, fabric, &mut window, key, &mut self.known, &mut self.draft)?;
                match known {
                    Some(index) => {
                        std::mem::swap(&mut self.blocks[index as usize], &mut self.draft);
                        index
                    }
                    None => self.add_draft(key),
                }
            }
        };
        if !single && self.blocks[index as usize].origin.is_checkable() {
            self.jumps[(linear ^ linear >> 12) as usize % JUMPS] = Jump {
                linear,
                generation: core.code_generation,
                block: index,
                writes: fabric.dram.code_writes(),
            };
        }
        Ok(&self.blocks[index as usize])
    }

    /// Whether a known block's bytes are still there; if so it is current again.
    fn refresh<M: Model>(
        &mut self,
        core: &mut Core,
        fabric: &mut Fabric,
        index: u32,
        window: &mut Window,
    ) -> bool {
        let block = &mut self.blocks[index as usize];
        let end = core.eip.wrapping_add(block.bytes.len().try_into().unwrap_or(u32::MAX) - 1);
        if end > core.segment(SegmentName::Cs).limit {
            return false;
        }
        while window.bytes().len() < block.bytes.len() {
            if window.extend::<M>(core, fabric).is_err() {
                return false;
            }
        }
        if !window.bytes().starts_with(&block.bytes) {
            return false;
        }
        block.origin = window.origin::<M>(fabric, block.bytes.len());
        true
    }

    fn add_draft(&mut self, key: Key) -> u32 {
        let block = std::mem::take(&mut self.draft);
        if self.blocks.len() >= BLOCKS {
            self.clear();
        }
        let index = u32::try_from(self.blocks.len()).expect("fewer blocks than BLOCKS");
        self.blocks.push(block);
        self.places.insert(key, index);
        index
    }

    /// Drops everything (the core was reset).
    pub(crate) fn clear(&mut self) {
        *self = CodeCache::new();
    }
}

fn empty_jumps() -> Box<[Jump; JUMPS]> {
    vec![Jump::default(); JUMPS].into_boxed_slice().try_into().expect("the table has this length")
}

/// Decodes a block from the window.
fn build<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    window: &mut Window,
    key: Key,
    known: &mut Known,
    block: &mut Block,
) -> Result<(), Stop> {
    let limit = core.segment(SegmentName::Cs).limit;
    let most = if key.single { 1 } else { BLOCK_OPS };
    let Block { ops, alone, .. } = block;
    ops.clear();
    alone.clear();
    let mut at = 0;
    let mut cycles = 0u16;
    let mut ended = false;
    let mut comparison = None;
    let mut idle_so_far = true;
    let mut idles = false;
    while ops.len() < most && !ended {
        let Some(decoded) = next::<M>(core, fabric, window, key.wide, known, at, ops.is_empty())? else {
            break;
        };
        let length = usize::from(decoded.length);
        let offset = u32::try_from(at + length - 1).expect("a block is shorter than its window");
        if core.eip.checked_add(offset).is_none_or(|last| last > limit) {
            if ops.is_empty() {
                return Err(Stop::PROTECTION);
            }
            break;
        }
        let place = ops.len();
        if let (Some(comparison), Some(condition), Some(previous)) =
            (comparison, decoded.condition, ops.last_mut())
        {
            alone.push((place - 1, previous.run));
            previous.run = fuse(comparison, condition);
        }
        comparison = decoded.comparison;
        let cost = if core.flat_timing { 1 } else { decoded.op.cost };
        cycles += cost;
        let start = u16::try_from(at).expect("a block is shorter than its window");
        ops.push(Op {
            start,
            next: start + u16::from(decoded.length),
            cost,
            cycles,
            number: u8::try_from(place).expect("a block has at most BLOCK_OPS instructions"),
            ..decoded.op
        });
        at += length;
        let distance = decoded.op.immediate.wrapping_add(u32::try_from(at).expect("a block is short"));
        idles = idle_so_far && decoded.idling == Idling::Jumps && distance == 0;
        idle_so_far &= decoded.idling == Idling::Passes;
        ended = decoded.ends;
        if window.crossed_page() {
            break;
        }
    }
    if !ended {
        ops.push(Op {
            run: fall_through,
            start: u16::try_from(at).expect("a block is shorter than its window"),
            cycles,
            number: u8::try_from(ops.len()).expect("a block has at most BLOCK_OPS instructions"),
            ..Op::BOUNDARY
        });
    }
    block.idles = idles;
    block.bytes.clear();
    block.bytes.extend_from_slice(&window.bytes()[..at]);
    block.origin = window.origin::<M>(fabric, at);
    Ok(())
}

/// Decodes the instruction `at` bytes into the window, which grows as needed; `None` if it is not for this block.
fn next<M: Model>(
    core: &mut Core,
    fabric: &mut Fabric,
    window: &mut Window,
    wide: bool,
    known: &mut Known,
    at: usize,
    first: bool,
) -> Result<Option<Decoded>, Stop> {
    loop {
        let available = window.bytes().len() - at;
        let word = word(window.eight(at));
        if let Some(decoded) = known.get(word, available, wide) {
            return Ok(Some(*decoded));
        }
        let bytes = &window.bytes()[at..];
        if let Ok(decoded) = decode::<M>(bytes, wide) {
            known.put(word, wide, &decoded);
            return Ok(Some(decoded));
        }
        // An instruction that needs the next page stands alone, so that its fault is its own.
        let stop = window.is_at_page_end() || window.is_full();
        if stop && !first || available >= MAX_LENGTH {
            return Ok(None);
        }
        match window.extend::<M>(core, fabric) {
            Ok(()) => {}
            Err(stop) if first => return Err(stop),
            Err(_) => return Ok(None),
        }
    }
}
