//! What a driver may not do: accesses to device registers that mean nothing, and queues that are wrong in every way. The
//! device stops or the guest gets an exception, and after a reset the device works as before.
#![expect(unsafe_code, reason = "registers are addresses")]

use core::ptr::with_exposed_provenance_mut;

use guest_runtime::abi::HOLE;
use guest_runtime::abi::device::Slot;
use guest_runtime::interrupts;

use crate::attempt;

const GENERAL_PROTECTION: u32 = 13;

/// Registers of a device, as VIRTIO 1.2 §4.2.2 numbers them.
const KIND: u32 = 0x008;
const DRIVER_FEATURES: u32 = 0x020;
const DRIVER_FEATURES_HALF: u32 = 0x024;
const QUEUE_SELECT: u32 = 0x030;
const QUEUE_SIZE: u32 = 0x038;
const QUEUE_READY: u32 = 0x044;
const QUEUE_NOTIFY: u32 = 0x050;
const INTERRUPT_STATUS: u32 = 0x060;
const INTERRUPT_ACKNOWLEDGE: u32 = 0x064;
const STATUS: u32 = 0x070;
const DESCRIPTORS: u32 = 0x080;
const AVAILABLE: u32 = 0x090;
const USED: u32 = 0x0A0;

/// Bit of the status that a device sets when it has stopped.
const NEEDS_RESET: u32 = 1 << 6;
/// All that a driver sets.
const DRIVER_OK: u32 = 0xF;

/// Where the queue is, behind the image, and a buffer.
const TABLE: u32 = 0x20_0000;
const RING: u32 = 0x20_1000;
const ANSWERS: u32 = 0x20_2000;
const BUFFER: u32 = 0x20_3000;
const ENTRIES: u32 = 8;
/// Behind the guest's 4 MB.
const OUTSIDE: u32 = 0x40_0000;

/// Flags of a descriptor.
const NEXT: u32 = 1;
const WRITE: u32 = 2;
const INDIRECT: u32 = 4;

/// Steps of random misuse, and notifications without anything to notify of.
const RANDOM: u32 = 4_000;
const STORM: u32 = 2_000;

/// Tries everything on the source of random numbers and returns how many attempts there were.
pub(crate) fn all() -> u32 {
    interrupts::disable();
    accesses() + places() + chains() + random_misuse() + storm()
}

fn register(offset: u32) -> u32 {
    Slot::Random.window().number() + offset
}

fn read(offset: u32) -> u32 {
    load(register(offset))
}

fn write(offset: u32, value: u32) {
    store(register(offset), value);
}

fn load(address: u32) -> u32 {
    // SAFETY: a register or memory behind the image.
    unsafe { with_exposed_provenance_mut::<u32>(address as usize).read_volatile() }
}

fn store(address: u32, value: u32) {
    // SAFETY: as above.
    unsafe { with_exposed_provenance_mut::<u32>(address as usize).write_volatile(value) };
}

/// Accesses that no register takes are general protection faults.
fn accesses() -> u32 {
    let refused = Some((GENERAL_PROTECTION, 0));
    assert_eq!(attempt!("mov cl, [eax]", register(STATUS)), refused);
    assert_eq!(attempt!("mov [eax], cx", register(STATUS)), refused);
    assert_eq!(attempt!("mov ecx, [eax]", register(STATUS + 1)), refused);
    assert_eq!(attempt!("mov ecx, [eax]", register(QUEUE_NOTIFY)), refused);
    assert_eq!(attempt!("mov [eax], ecx", register(KIND)), refused);
    assert_eq!(attempt!("mov [eax], ecx", register(0x100)), refused);
    assert_eq!(attempt!("mov ecx, [eax]", register(0xFFE)), refused);
    // Instructions that are no plain moves.
    assert_eq!(attempt!("inc dword ptr [eax]", register(STATUS)), refused);
    assert_eq!(attempt!("lock xchg [eax], ecx", register(STATUS)), refused);
    assert_eq!(attempt!("push dword ptr [eax]", register(STATUS)), refused);
    assert_eq!(attempt!("fld dword ptr [eax]", register(STATUS)), refused);
    assert_eq!(attempt!("jmp eax", register(0)), refused);
    // The last window ends in the middle of an access.
    assert_eq!(attempt!("mov ecx, [eax]", Slot::Image.window().number() + 0xFFE), refused);
    13
}

/// Has the device take a queue at these places. `false` if it then stands still.
fn start([table, ring, answers]: [u32; 3], entries: u32) -> bool {
    write(STATUS, 0);
    for status in [1, 3] {
        write(STATUS, status);
    }
    write(DRIVER_FEATURES_HALF, 1);
    write(DRIVER_FEATURES, 1);
    write(STATUS, 0xB);
    write(QUEUE_SELECT, 0);
    write(QUEUE_SIZE, entries);
    for (place, address) in [(DESCRIPTORS, table), (AVAILABLE, ring), (USED, answers)] {
        write(place, address);
        write(place + 4, 0);
    }
    write(QUEUE_READY, 1);
    write(STATUS, DRIVER_OK);
    read(STATUS) == DRIVER_OK
}

fn start_well() {
    for page in [TABLE, RING, ANSWERS] {
        (page..page + 256).step_by(4).for_each(|place| store(place, 0));
    }
    assert!(start([TABLE, RING, ANSWERS], ENTRIES), "a good queue is taken");
}

fn describe(index: u32, address: u32, bytes: u32, flags: u32, next: u32) {
    for (word, value) in (0..).zip([address, 0, bytes, next << 16 | flags]) {
        store(TABLE + 16 * index + 4 * word, value);
    }
}

/// Makes the chain from `head` on available as the first one.
fn offer(head: u32) {
    store(RING, 1 << 16);
    store(RING + 4, head);
    write(QUEUE_NOTIFY, 0);
}

/// The device works: it fills a buffer.
fn check_that_it_works() {
    start_well();
    describe(0, BUFFER, 16, WRITE, 0);
    offer(0);
    assert_eq!((load(ANSWERS) >> 16, load(ANSWERS + 8)), (1, 16), "a good request is answered");
    assert_eq!(read(INTERRUPT_STATUS), 1);
    write(INTERRUPT_ACKNOWLEDGE, 1);
}

/// The device has stopped and says so.
fn check_that_it_stands_still(what: &str) {
    assert_eq!(read(STATUS) & NEEDS_RESET, NEEDS_RESET, "{what}");
    assert_eq!(load(ANSWERS) >> 16, 0, "{what}");
    check_that_it_works();
}

/// Queues of a wrong size, at wrong places, and outside the memory.
fn places() -> u32 {
    for entries in [0, 3, 16, 0x8000, u32::MAX] {
        assert!(!start([TABLE, RING, ANSWERS], entries), "{entries} entries");
    }
    let odd = [[TABLE + 8, RING, ANSWERS], [TABLE, RING + 1, ANSWERS], [TABLE, RING, ANSWERS + 2]];
    for places in odd.into_iter().chain([[u32::MAX - 15, RING, ANSWERS]]) {
        assert!(!start(places, ENTRIES), "{places:x?}");
    }
    let window = register(0);
    let outside = [[TABLE, OUTSIDE, ANSWERS], [TABLE, window, ANSWERS], [TABLE, HOLE, ANSWERS]];
    for places in outside {
        start_well();
        assert!(!start(places, ENTRIES), "it is found at the first look");
        check_that_it_stands_still("a ring outside the memory");
    }
    for places in [[OUTSIDE, RING, ANSWERS], [TABLE, RING, OUTSIDE]] {
        start_well();
        describe(0, BUFFER, 16, WRITE, 0);
        assert!(start(places, ENTRIES), "it is found when it is used");
        offer(0);
        check_that_it_stands_still("a table or used ring outside the memory");
    }
    14
}

/// Chains that are wrong.
fn chains() -> u32 {
    let wrong: [(&str, fn()); 9] = [
        ("a descriptor beyond the table", || offer(ENTRIES)),
        ("a next descriptor beyond the table", || {
            describe(0, BUFFER, 16, WRITE | NEXT, 9);
            offer(0);
        }),
        ("a loop", || {
            describe(0, BUFFER, 16, WRITE | NEXT, 1);
            describe(1, BUFFER, 16, WRITE | NEXT, 0);
            offer(0);
        }),
        ("a buffer outside the memory", || {
            describe(0, OUTSIDE - 8, 16, WRITE, 0);
            offer(0);
        }),
        ("a buffer of nearly 4 GB", || {
            describe(0, BUFFER, u32::MAX, WRITE, 0);
            offer(0);
        }),
        ("buffers of more than 4 GB", || {
            (0..4).for_each(|index| describe(index, 0, 0x7000_0000, WRITE | NEXT, index + 1));
            offer(0);
        }),
        ("a buffer to read behind one to write", || {
            describe(0, BUFFER, 16, WRITE | NEXT, 1);
            describe(1, BUFFER, 16, 0, 0);
            offer(0);
        }),
        ("an indirect table that was not asked for", || {
            describe(0, BUFFER, 16, INDIRECT, 0);
            offer(0);
        }),
        ("more chains than there are entries", || {
            store(RING, 100 << 16);
            write(QUEUE_NOTIFY, 0);
        }),
    ];
    for (what, misuse) in wrong {
        start_well();
        misuse();
        check_that_it_stands_still(what);
    }
    9
}

/// Random values in random registers and all over the queue.
fn random_misuse() -> u32 {
    const WRITTEN: [u32; 11] = [
        0x014,
        0x024,
        DRIVER_FEATURES,
        QUEUE_SELECT,
        QUEUE_SIZE,
        QUEUE_READY,
        QUEUE_NOTIFY,
        INTERRUPT_ACKNOWLEDGE,
        DESCRIPTORS,
        AVAILABLE,
        STATUS,
    ];
    let place = |value: u32| match value % 4 {
        0 => BUFFER + (value >> 8) % 0x1000, // not an address: a page
        1 => OUTSIDE - (value >> 8) % 64,
        2 => u32::MAX - (value >> 8) % 64,
        _ => ANSWERS,
    };
    let mut state = 0x0BAD_CAFE_u32; // not an address: a seed
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    for _ in 0..RANDOM {
        let value = random();
        match value % 8 {
            0 => start_well(),
            1 => write(WRITTEN[(value >> 8) as usize % WRITTEN.len()], random() >> (random() % 32)),
            2 => write(USED, place(random())),
            // Addresses are such that the device cannot write into the guest's own code.
            3 => store(TABLE + (value >> 8) % ENTRIES * 16, place(random())),
            4 | 5 => store(
                TABLE + (value >> 8) % ENTRIES * 16 + 8 + (value >> 12 & 4),
                random() >> (random() % 32),
            ),
            6 => store(RING + (value >> 8) % ENTRIES * 4, random() >> (random() % 32)),
            _ => offer(value >> 8 & 7),
        }
    }
    check_that_it_works();
    1
}

/// Notifications of nothing, and interrupts that nobody takes.
fn storm() -> u32 {
    start_well();
    (0..STORM).for_each(|_| write(QUEUE_NOTIFY, 0));
    describe(0, BUFFER, 1, WRITE, 0);
    for request in 1..=STORM {
        store(RING, request << 16);
        store(RING + 4, 0);
        write(QUEUE_NOTIFY, 0);
        assert_eq!(load(ANSWERS) >> 16, request & 0xFFFF);
    }
    check_that_it_works();
    2
}
