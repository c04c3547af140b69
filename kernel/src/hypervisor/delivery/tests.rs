//! Delivery into a guest without paging whose table lies at 0x800.

use guest_abi::GuestPhysAddr;
use i586::segment::{Gate, Selector, SystemKind};

use super::*;
use crate::hypervisor::guest_memory::GuestMemory;
use crate::hypervisor::host_memory::HostMemory;
use crate::hypervisor::linear::Linear;

const TABLE: InterruptTable = InterruptTable { base: GuestVirtAddr::new(0x800), limit: 0x7FF };
const KERNEL_STACK: u32 = 0x4000;
const HANDLER: u32 = 0x1234_5678;
const KERNEL: Place = Place {
    eip: 0x2222,
    cs: Slot::KernelCode.selector(),
    flags: ALWAYS.union(Eflags::CARRY).union(Eflags::TRAP),
    esp: 0x3000,
    ss: Slot::KernelData.selector(),
};
const USER: Place = Place { cs: Slot::UserCode.selector(), ss: Slot::UserData.selector(), ..KERNEL };

fn memory(kind: SystemKind, selector: u16) -> HostMemory {
    let memory = HostMemory::new(0x8000);
    let gate = Gate::new(kind, Selector::from_bits(selector), HANDLER, 0).unwrap();
    let place = GuestPhysAddr::new(0x800 + 8 * 14);
    memory.write(place, &gate.descriptor().into_bits().to_le_bytes()).unwrap();
    memory
}

fn linear(memory: &HostMemory) -> Linear<'_, HostMemory> {
    Linear { memory, paging: None }
}

fn deliver(
    memory: &HostMemory,
    place: &mut Place,
    flag: InterruptFlag,
    error: Option<u32>,
) -> Result<InterruptFlag, DeliveryError> {
    place.deliver(&linear(memory), &TABLE, KERNEL_STACK, flag, Delivery { vector: 14, error })
}

fn stack<const N: usize>(memory: &HostMemory, esp: u32) -> [u32; N] {
    linear(memory).words(GuestVirtAddr::new(esp)).unwrap()
}

#[test]
fn frame_from_the_kernel_has_the_guests_own_interrupt_flag() {
    let memory = memory(SystemKind::InterruptGate32, 0x60);
    for (flag, pushed) in [(InterruptFlag::On, 0x303), (InterruptFlag::Off, 0x103)] {
        let mut place = KERNEL;
        assert_eq!(deliver(&memory, &mut place, flag, Some(7)), Ok(InterruptFlag::Off));
        assert_eq!(place.esp, 0x3000 - 16);
        assert_eq!(stack(&memory, place.esp), [7, 0x2222, 0x61, pushed]);
        assert_eq!((place.eip, place.cs, place.ss), (HANDLER, 0x61, KERNEL.ss));
        assert_eq!(place.flags, ALWAYS | Eflags::CARRY);
    }
}

#[test]
fn frame_from_a_program_goes_to_the_kernels_stack_with_the_flag_set() {
    let memory = memory(SystemKind::TrapGate32, 0x61);
    let mut place = USER;
    assert_eq!(deliver(&memory, &mut place, InterruptFlag::On, None), Ok(InterruptFlag::On));
    assert_eq!(place.esp, KERNEL_STACK - 20);
    assert_eq!(stack(&memory, place.esp), [0x2222, 0x73, 0x303, 0x3000, 0x7B]);
    assert_eq!((place.cs, place.ss), (0x61, 0x69));
}

#[test]
fn frame_that_was_delivered_is_taken_back() {
    let memory = memory(SystemKind::InterruptGate32, 0x61);
    for before in [KERNEL, USER] {
        let mut place = before;
        deliver(&memory, &mut place, InterruptFlag::On, None).unwrap();
        assert_eq!(place.take_frame(&linear(&memory)), Ok(true));
        assert_eq!(place, before);
    }
}

#[test]
fn returned_flags_are_those_that_a_program_may_change() {
    let memory = HostMemory::new(0x8000);
    let push = |words: [u32; 5]| {
        for (word, index) in words.iter().zip(0..) {
            memory.write(GuestPhysAddr::new(0x3000 + 4 * index), &word.to_le_bytes()).unwrap();
        }
    };
    push([1, 0x73, u32::MAX, 2, 0x7B]);
    let mut place = KERNEL;
    assert_eq!(place.take_frame(&linear(&memory)), Ok(true));
    let forbidden = Eflags::IO_PRIVILEGE | Eflags::NESTED_TASK | Eflags::VIRTUAL_8086;
    assert!(!place.flags.intersects(forbidden) && place.flags.contains(ALWAYS | Eflags::ALIGNMENT_CHECK));
    for (cs, ss) in [(0x08, 0x7B), (0x73, 0x69), (0x73, 0), (0x60, 0x7B), (0x33, 0x7B), (0, 0)] {
        push([1, cs, 0, 2, ss]);
        let mut place = KERNEL;
        assert_eq!(place.take_frame(&linear(&memory)), Ok(false), "{cs:#x} {ss:#x}");
        assert_eq!(place, KERNEL);
    }
}

#[test]
fn gates_that_lead_elsewhere_and_lost_stacks_change_nothing() {
    for (kind, selector) in [
        (SystemKind::TaskGate, 0x60),
        (SystemKind::InterruptGate16, 0x60),
        (SystemKind::CallGate32, 0x60),
        (SystemKind::TrapGate32, 0x08),
        (SystemKind::TrapGate32, 0x73),
        (SystemKind::TrapGate32, 0x64),
    ] {
        let memory = memory(kind, selector);
        let mut place = KERNEL;
        let refused = deliver(&memory, &mut place, InterruptFlag::On, None);
        assert!(matches!(refused, Err(DeliveryError::Gate { vector: 14, .. })), "{kind:?} {selector:#x}");
        assert_eq!(place, KERNEL);
    }
    let memory = memory(SystemKind::TrapGate32, 0x61);
    let mut place = Place { esp: 0x8002, ..KERNEL };
    assert!(matches!(deliver(&memory, &mut place, InterruptFlag::On, None), Err(DeliveryError::Stack(_))));
    let short = InterruptTable { limit: 0x76, ..TABLE };
    let refused =
        place.deliver(&linear(&memory), &short, 0, InterruptFlag::On, Delivery { vector: 14, error: None });
    assert_eq!(refused, Err(DeliveryError::NoGate(14)));
}
