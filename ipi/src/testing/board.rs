//! State of the fake chip: buffers, registers, doorbells on their way, timers.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::task::Waker;
use std::vec::Vec;

use scc::fpga::CounterId;
use scc::id::CoreId;

use super::Removed;
use super::cache::{Cache, LineName, Transaction};
use super::chooser::{Choice, Chooser};
use super::pool;
use super::trace::{Operation, Record, Tracer};
use crate::doorbell::Doorbell;
use crate::layout::LINE;
use crate::mesh::{CoreSet, Invalidate, PoolWindow, Push};

/// Cycles a delayed doorbell is late.
const DELAY: u64 = 7_000;

/// What one core holds besides its program.
#[derive(Debug)]
pub(super) struct CoreState {
    pub(super) cache: Cache,
    /// Set while the core is held in reset or its program is being dropped: its operations do nothing.
    pub(super) is_dead: bool,
    pub(super) doorbell: Arc<Doorbell>,
    /// Status bits of the interrupt controller, senders only.
    rung: CoreSet,
    /// The interrupt controller has interrupted the core and does not again.
    pub(super) is_pending: bool,
    /// Tasks to be woken by the handler: the first that there is.
    pub(super) receiver: Option<Waker>,
    pub(super) server: Option<Waker>,
    /// Whose pools its windows show. A reset leaves that.
    pub(super) windows: [Option<CoreId>; PoolWindow::COUNT],
    /// Interrupt bit of the tile.
    pub(super) is_interrupted: bool,
    pub(super) is_in_handler: bool,
    /// Operations begun in all lives.
    pub(super) operations: u64,
    /// Operation before which the program has chosen to die.
    pub(super) dies_at: Option<u64>,
}

/// Cores whose bits are in each of the interrupt controller's two words.
const WORDS: [CoreSet; 2] = [CoreSet::from_bits((1 << 26) - 1), CoreSet::from_bits(!((1 << 26) - 1))];

impl CoreState {
    /// Interrupts for what was rung, unless it has and was not answered.
    fn settle(&mut self) {
        if !self.rung.is_empty() && !self.is_pending {
            self.is_pending = true;
            self.is_interrupted = true;
        }
    }

    /// Clears the words that have bits of `rung`, both if it is empty, one after the other.
    pub(super) fn answer_controller(&mut self, rung: CoreSet) {
        for word in WORDS {
            if rung.is_empty() || !rung.intersection(word).is_empty() {
                self.rung = self.rung.difference(word);
                self.is_pending = false;
                self.settle();
            }
        }
    }
}

/// Something that happens by itself.
#[derive(Debug)]
pub(super) enum Event {
    Wake(Waker),
    Doorbell { sender: CoreId, target: CoreId },
    Restart(CoreId),
}

/// The chip.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) now: u64,
    pub(super) cores: HashMap<CoreId, CoreState>,
    chooser: Chooser,
    /// Cores whose set-up goes undisturbed.
    pub(super) calm: HashSet<CoreId>,
    pub(super) removed: Option<Removed>,
    pub(super) places: HashSet<(Option<Invalidate>, Option<Push>)>,
    pub(super) tracer: Tracer,
    memory: HashMap<LineName, [u8; LINE]>,
    background: u8,
    taken: CoreSet,
    counters: HashMap<CounterId, u32>,
    events: BTreeMap<(u64, u64), Event>,
    event_number: u64,
}

impl Board {
    pub(super) fn new(chooser: Chooser) -> Self {
        Self {
            now: 0,
            cores: HashMap::new(),
            chooser,
            calm: HashSet::new(),
            removed: None,
            places: HashSet::new(),
            tracer: Tracer::default(),
            memory: HashMap::new(),
            background: 0,
            taken: CoreSet::EMPTY,
            counters: HashMap::new(),
            events: BTreeMap::new(),
            event_number: 0,
        }
    }

    /// Fills all buffers with one byte, as after power-up (U37).
    pub(super) fn fill(&mut self, byte: u8) {
        self.background = byte;
    }

    pub(super) fn add_core(&mut self, core: CoreId) {
        let state = CoreState {
            cache: Cache::unknown(),
            is_dead: true,
            doorbell: Arc::new(Doorbell::new()),
            rung: CoreSet::EMPTY,
            is_pending: false,
            receiver: None,
            server: None,
            windows: [None; PoolWindow::COUNT],
            is_interrupted: false,
            is_in_handler: false,
            operations: 0,
            dies_at: None,
        };
        self.cores.insert(core, state);
    }

    pub(super) fn core(&mut self, core: CoreId) -> &mut CoreState {
        self.cores.get_mut(&core).expect("programs run on cores of the machine only")
    }

    pub(super) fn trace(&mut self, core: CoreId, operation: Operation) {
        self.tracer.record(Record { at: self.now, core: core.number(), operation });
    }

    /// Picks one of `options`, 0 being the kind one, which it is while any core sets itself up calmly.
    pub(super) fn choose(&self, choice: Choice, options: usize) -> usize {
        if self.calm.is_empty() { self.chooser.choose(choice, options) } else { 0 }
    }

    /// Line of memory as it is now, by the name that `core` has for it.
    pub(super) fn line(&mut self, core: CoreId, line: LineName) -> [u8; LINE] {
        let place = pool::place(core, &self.core(core).windows, line);
        self.memory.get(&place).copied().unwrap_or([self.background; LINE])
    }

    /// One write of `core` arrives at its buffer.
    pub(super) fn apply(&mut self, core: CoreId, write: &Transaction) {
        let background = self.background;
        let place = pool::place(core, &self.core(core).windows, write.line);
        let line = self.memory.entry(place).or_insert([background; LINE]);
        line[write.offset..write.offset + write.bytes.len()].copy_from_slice(&write.bytes);
    }

    pub(super) fn schedule(&mut self, at: u64, event: Event) {
        self.event_number += 1;
        self.events.insert((at, self.event_number), event);
    }

    /// Takes the first event that is due.
    pub(super) fn due(&mut self) -> Option<Event> {
        let entry = self.events.first_entry()?;
        (entry.key().0 <= self.now).then(|| entry.remove())
    }

    /// Goes forward to the next event; whether there is one.
    pub(super) fn skip_to_next_event(&mut self) -> bool {
        let Some(((at, _), _)) = self.events.first_key_value() else { return false };
        self.now = self.now.max(*at);
        true
    }

    /// A core rings: what happens is chosen.
    pub(super) fn ring(&mut self, sender: CoreId, target: CoreId) {
        let fate = ["arrives", "is lost", "is doubled", "is late"];
        let chosen = self.choose(Choice::Doorbell, fate.len());
        self.trace(sender, Operation::Ring(target.number(), fate[chosen]));
        let late = self.now + DELAY;
        match chosen {
            1 => {}
            3 => self.schedule(late, Event::Doorbell { sender, target }),
            other => {
                self.arrive(sender, target);
                if other == 2 {
                    self.schedule(late, Event::Doorbell { sender, target });
                }
            }
        }
    }

    /// A doorbell reaches the interrupt controller and the tile.
    pub(super) fn arrive(&mut self, sender: CoreId, target: CoreId) {
        if let Some(state) = self.cores.get_mut(&target) {
            state.rung = state.rung.with(sender);
            state.settle();
        }
    }

    /// Reads the test-and-set register: true if it was free.
    pub(super) fn test_and_set(&mut self, register: CoreId) -> bool {
        let was_free = !self.taken.contains(register);
        self.taken = self.taken.with(register);
        was_free
    }

    pub(super) fn clear(&mut self, register: CoreId) {
        self.taken = self.taken.without(register);
    }

    pub(super) fn counter(&mut self, counter: CounterId) -> &mut u32 {
        self.counters.entry(counter).or_insert(0)
    }

    /// What a reset does to a core: caches and pending interrupts go, buffers stay, and what the code between the
    /// reset and the first operation caches is unknown.
    pub(super) fn reset(&mut self, core: CoreId) {
        self.trace(core, Operation::Reset);
        let state = self.core(core);
        state.cache = Cache::unknown();
        state.is_dead = true;
        state.rung = CoreSet::EMPTY;
        state.is_pending = false;
        state.receiver = None;
        state.server = None;
        state.is_interrupted = false;
        state.is_in_handler = false;
    }

    pub(super) fn start(&mut self, core: CoreId) {
        self.trace(core, Operation::Start);
        let state = self.core(core);
        state.is_dead = false;
        state.doorbell = Arc::new(Doorbell::new());
    }

    pub(super) fn last_records(&self) -> Vec<Record> {
        self.tracer.records().copied().collect()
    }
}
