//! Decoded blocks and where they are found again.
//!
//! A block is a run of instructions up to a branch, a page end or [`BLOCK_OPS`]. It stays valid for as long
//! as the bytes it was made from are what the core would fetch: in the fast model that is the page's code
//! version, in the strict model the stamps of the L1 code lines that hold it. When those have changed, the
//! bytes are compared, and only if they differ is the block decoded again.

use super::decode::{MAX_LENGTH, decode, fuse};
use super::fault::Stop;
use super::fetch::{Origin, Window};
use super::model::Model;
use super::op::{Handler, Op, fall_through};
use super::segment::SegmentName;
use super::state::Core;
use crate::chip::Fabric;
use std::collections::HashMap;

/// Most instructions in a block. Bounds the nesting of handlers where calls are not turned into jumps.
pub(crate) const BLOCK_OPS: usize = 32;
/// Most blocks kept per core; beyond that all are dropped and made anew.
const BLOCKS: usize = 16_384;
const JUMPS: usize = 4096;

/// A decoded run of instructions.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) ops: Vec<Op>,
    /// What comparisons that run as one with the branch behind them do alone, by place in `ops`.
    alone: Vec<(usize, Handler)>,
    /// Where its bytes came from and how to see that they are still the same.
    origin: Origin,
    bytes: Vec<u8>,
}

impl Block {
    /// The handler that runs the op at `at` and nothing after it when given that op alone.
    pub(crate) fn handler(&self, at: usize) -> Option<Handler> {
        let alone = self.alone.iter().find(|(place, _)| *place == at).map(|(_, handler)| *handler);
        alone.or_else(|| self.ops.get(at).map(|op| op.run))
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
    places: HashMap<Key, u32>,
    /// Where control went recently, by linear address.
    jumps: Box<[Jump; JUMPS]>,
}

impl CodeCache {
    pub(crate) fn new() -> Self {
        CodeCache { blocks: Vec::new(), places: HashMap::new(), jumps: empty_jumps() }
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
                    || self.blocks[index].origin.is_current::<M>(core, fabric))
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
        let mut window = Window::open::<M>(core, fabric, linear)?;
        let key = Key { physical: window.physical(), wide: core.segment(SegmentName::Cs).big, single };
        let index = match self.places.get(&key).copied() {
            Some(index) if self.refresh::<M>(core, fabric, index, &mut window) => index,
            known => {
                let block = build::<M>(core, fabric, &mut window, key)?;
                match known {
                    Some(index) => {
                        self.blocks[index as usize] = block;
                        index
                    }
                    None => self.add(key, block),
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
        block.origin = window.origin::<M>(core, fabric, block.bytes.len());
        true
    }

    fn add(&mut self, key: Key, block: Block) -> u32 {
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
) -> Result<Block, Stop> {
    let limit = core.segment(SegmentName::Cs).limit;
    let most = if key.single { 1 } else { BLOCK_OPS };
    let mut ops: Vec<Op> = Vec::with_capacity(8);
    let mut alone = Vec::new();
    let mut at = 0;
    let mut cycles = 0u16;
    let mut ended = false;
    let mut comparison = None;
    while ops.len() < most && !ended {
        let eip = core.eip.wrapping_add(at);
        let decoded = loop {
            let available = &window.bytes()[at as usize..];
            if let Ok(decoded) = decode::<M>(available, eip, key.wide) {
                break Some(decoded);
            }
            let crossing = window.is_at_page_end();
            // An instruction that needs the next page stands alone, so that its fault is its own.
            let stop = crossing || window.is_full();
            if stop && !ops.is_empty() || available.len() >= MAX_LENGTH {
                break None;
            }
            match window.extend::<M>(core, fabric) {
                Ok(()) => {}
                Err(stop) if ops.is_empty() => return Err(stop),
                Err(_) => break None,
            }
        };
        let Some(decoded) = decoded else { break };
        let length = u32::from(decoded.length);
        let last = eip.checked_add(length - 1).filter(|last| *last <= limit);
        if last.is_none() {
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
            number: u8::try_from(ops.len()).expect("a block has at most BLOCK_OPS instructions"),
            ..decoded.op
        });
        at += length;
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
    let bytes = window.bytes()[..at as usize].to_vec();
    let origin = window.origin::<M>(core, fabric, bytes.len());
    Ok(Block { ops, alone, origin, bytes })
}
