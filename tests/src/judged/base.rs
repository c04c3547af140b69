//! Memory contents that every case begins with: descriptors, task states, the double fault's gate.

use super::layout::{
    ARENA, GDT, IDT, IMAGE, LDT, LDT_LIMIT, MONITOR_STACK, PAGE_DIRECTORY, ROM_BYTES, TASK, TASK_16, TASK_32,
    TASK_DOUBLE_FAULT, TASK_LIMIT, descriptor, selector, stack_top,
};
use i586::exception::Exception;
use i586::segment::{Descriptor, Gate, Selector, SystemKind};
use i586::tss::{bits16, bits32};

/// Top of the stack of the double fault's task, below what the monitor itself uses.
const DOUBLE_FAULT_STACK: u32 = MONITOR_STACK - 0x1000;

/// The contents: address and words. `double_fault` is the address of the handler of double faults.
pub(super) fn base_contents(double_fault: u32) -> Vec<(u32, Vec<u32>)> {
    let code = Descriptor::flat_code;
    let data = Descriptor::flat_data;
    // 16-bit segments: D/B clear.
    let small = |segment: Descriptor, base: u32| {
        let (low, high) = segment.words();
        Descriptor::from_words(low, high & !(1 << 22)).with_base(base).with_limit(0xFFFF)
    };
    let task = |base, limit| Descriptor::system(SystemKind::AvailableTss32, base, limit, 0);
    let descriptors = [
        (selector::CODE, code(0)),
        (selector::DATA, data(0)),
        (selector::CODE_3, code(3)),
        (selector::DATA_3, data(3)),
        (selector::TASK, task(TASK, TASK_LIMIT)),
        (selector::TASK_DOUBLE_FAULT, task(TASK_DOUBLE_FAULT, bits32::LIMIT_MIN)),
        (selector::LDT, Descriptor::system(SystemKind::Ldt, LDT, LDT_LIMIT, 0)),
        (selector::CODE_1, code(1)),
        (selector::DATA_1, data(1)),
        (selector::CODE_2, code(2)),
        (selector::DATA_2, data(2)),
        (selector::CODE_16, small(code(0), IMAGE)),
        (selector::CODE_16_3, small(code(3), IMAGE)),
        (selector::DATA_16, small(data(0), ARENA)),
        (selector::CODE_LOW, code(0).with_base(IMAGE).with_limit(ROM_BYTES - 1)),
        (selector::DATA_16_3, small(data(3), ARENA)),
        (selector::TASK_32, task(TASK_32, bits32::LIMIT_MIN)),
        (selector::TASK_16, Descriptor::system(SystemKind::AvailableTss16, TASK_16, bits16::LIMIT_MIN, 0)),
    ];
    let mut contents: Vec<(u32, Vec<u32>)> = vec![(GDT, vec![0, 0])];
    for (at, segment) in descriptors {
        // Marked as accessed, like those that the monitor has loaded.
        let segment = if segment.is_system() { segment } else { segment.with_accessed() };
        let (low, high) = segment.words();
        contents.push((descriptor(at), vec![low, high]));
    }
    let gate = Gate::new(SystemKind::TaskGate, Selector::from_bits(selector::TASK_DOUBLE_FAULT), 0, 0)
        .expect("a task gate is a gate");
    let (low, high) = gate.descriptor().words();
    contents.push((IDT + 8 * u32::from(Exception::DoubleFault.vector()), vec![low, high]));
    contents.push((TASK, task_words(&inner_stacks())));
    contents.push((TASK_DOUBLE_FAULT, task_words(&double_fault_state(double_fault))));
    contents
}

/// Stacks of rings 0 to 2, and an I/O permission map without limit: behind the segment's end.
fn inner_stacks() -> Vec<(u32, u32)> {
    let mut state = Vec::new();
    for ring in 0..3u8 {
        let at = bits32::ESP0 + bits32::STACK_STRIDE * u32::from(ring);
        state.push((at, stack_top(ring)));
        state.push((at + 4, u32::from(super::layout::data_selector(ring))));
    }
    state.push((bits32::TRAP, (TASK_LIMIT + 1) << 16));
    state
}

fn double_fault_state(entry: u32) -> Vec<(u32, u32)> {
    let data = u32::from(selector::DATA);
    let mut state = vec![
        (bits32::CR3, PAGE_DIRECTORY),
        (bits32::EIP, entry),
        (bits32::EFLAGS, 2),
        (bits32::GENERAL + 16, DOUBLE_FAULT_STACK),
    ];
    let segments = [data, u32::from(selector::CODE), data, data, data, data];
    state.extend((bits32::SEGMENTS..).step_by(4).zip(segments));
    state
}

fn task_words(state: &[(u32, u32)]) -> Vec<u32> {
    let mut words = vec![0; 26];
    for &(at, value) in state {
        words[at as usize / 4] = value;
    }
    words
}
