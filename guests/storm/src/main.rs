//! A guest that computes under as many timer interrupts as it can get, in ring 1 and in ring 3. It prints
//!
//! ```text
//! ring 1: 12000 interrupts, sum as without, 200 bytes of stack at most
//! ring 3: 12000 interrupts, sum as without, 200 bytes of stack at most
//! ```
//!
//! and powers off. The sum is over registers, flags and the stack; an interrupt that came back with anything changed would
//! change it. Returns are often interrupted between setting the flag and IRET; if the frame was not taken first there, the
//! stack would grow with each of them.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    use core::arch::naked_asm;
    use core::sync::atomic::{AtomicU32, Ordering};

    use guest_runtime::abi::interrupt::FIRST_LINE_VECTOR;
    use guest_runtime::interrupts::{self, Frame};
    use guest_runtime::start::Info;
    use guest_runtime::{call, println, user};

    guest_runtime::entry!(main);

    /// Rounds of the sum, of about 60 cycles each without interrupts.
    const ROUNDS: u32 = 60_000;
    /// Shortest time to the next interrupt, and how much is added at most. Delivering one takes about 2,000 ns.
    const LEAST_NANOSECONDS: u32 = 2_000;
    const MORE_NANOSECONDS: u32 = 1_024;

    static INTERRUPTS: AtomicU32 = AtomicU32::new(0);
    static RANDOM: AtomicU32 = AtomicU32::new(0x1234_5678); // not an address: a seed
    /// Lowest address of a frame.
    static LOWEST: AtomicU32 = AtomicU32::new(u32::MAX);
    static HIGHEST: AtomicU32 = AtomicU32::new(0);
    static SUM: AtomicU32 = AtomicU32::new(0);

    fn main(_: &Info) {
        interrupts::install(handle);
        interrupts::disable();
        let quiet = sum(ROUNDS);
        begin();
        interrupts::enable();
        let stormy = sum(ROUNDS);
        interrupts::disable();
        report(1, stormy == quiet);
        begin();
        user::run(program, take_sum);
        report(3, SUM.load(Ordering::Relaxed) == quiet);
    }

    /// Runs in ring 3.
    extern "C" fn program() -> ! {
        let _: u32 = user::system_call(1, sum(ROUNDS));
        user::end()
    }

    extern "C" fn take_sum(_: u32, sum: u32) -> u32 {
        SUM.store(sum, Ordering::Relaxed);
        0
    }

    fn begin() {
        INTERRUPTS.store(0, Ordering::Relaxed);
        LOWEST.store(u32::MAX, Ordering::Relaxed);
        HIGHEST.store(0, Ordering::Relaxed);
        set_timer();
    }

    fn report(ring: u32, same: bool) {
        call::set_timer(0).expect("this hypervisor has timers");
        let interrupts = INTERRUPTS.load(Ordering::Relaxed);
        let stack = HIGHEST.load(Ordering::Relaxed).wrapping_sub(LOWEST.load(Ordering::Relaxed));
        let same = if same { "as without" } else { "another than without" };
        println!("ring {ring}: {interrupts} interrupts, sum {same}, {stack} bytes of stack at most");
    }

    fn set_timer() {
        let mut random = RANDOM.load(Ordering::Relaxed);
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        RANDOM.store(random, Ordering::Relaxed);
        let nanoseconds = LEAST_NANOSECONDS + random % MORE_NANOSECONDS;
        call::set_timer(nanoseconds.into()).expect("this hypervisor has timers");
    }

    fn handle(frame: &mut Frame) {
        assert_eq!(frame.vector, FIRST_LINE_VECTOR.into(), "error {:#x} at {:#x}", frame.error, frame.eip);
        let place = u32::try_from((&raw const *frame).addr()).expect("addresses have 32 bits");
        LOWEST.fetch_min(place, Ordering::Relaxed);
        HIGHEST.fetch_max(place, Ordering::Relaxed);
        INTERRUPTS.store(INTERRUPTS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        set_timer();
    }

    /// Adds up all registers, the arithmetic flags and the direction flag, and words on the stack.
    // SAFETY: keeps what a C function keeps, and uses only its own stack.
    #[unsafe(naked)]
    extern "C" fn sum(rounds: u32) -> u32 {
        naked_asm!(
            "push ebp",
            "push ebx",
            "push esi",
            "push edi",
            "mov ecx, [esp + 20]",
            "xor eax, eax",
            "2:",
            "lea ebx, [eax + ecx]",
            "mov edx, ebx",
            "ror edx, 7",
            "lea esi, [edx + 2*ebx]",
            "lea edi, [esi + 4*edx]",
            "mov ebp, edi",
            "rol ebp, 11",
            "push eax",
            "push ebp",
            "push esi",
            "std",
            "add ebx, edx",
            "pushfd",
            "adc esi, edi",
            "cld",
            "sbb edi, ebp",
            "pushfd",
            // Flags without those that programs do not set.
            "and dword ptr [esp], 0xCD5",
            "and dword ptr [esp + 4], 0xCD5",
            "pop eax",
            "rol eax, 5",
            "add eax, [esp]",
            "add esp, 4",
            "xor eax, ebx",
            "rol eax, 3",
            "xor eax, edx",
            "add eax, esi",
            "rol eax, 9",
            "xor eax, edi",
            "pop edx",
            "add eax, edx",
            "pop edx",
            "xor eax, edx",
            "xor eax, ebp",
            "pop edx",
            "add eax, edx",
            "dec ecx",
            "jnz 2b",
            "pop edi",
            "pop esi",
            "pop ebx",
            "pop ebp",
            "ret",
        )
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
