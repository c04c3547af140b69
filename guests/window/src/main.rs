//! A guest that is interrupted at each instruction of a return window, the instructions between setting the interrupt flag
//! and leaving by IRET ([`guest_runtime::abi::Call::ReturnWindow`]). Deadlines of its timer go over the window by one cycle
//! from each pass to the next. It prints how often the handler came in between an instruction and the one before,
//!
//! ```text
//! unnamed, nothing pending: 1800 passes, 1800 interrupts, compare 14 branch 36 iret 13 call 0, 0 frames taken
//! named, nothing pending: 1800 passes, 1800 interrupts, compare 0 branch 0 iret 0 call 0, 57 frames taken
//! unnamed, line pending: 1800 passes, 2056 interrupts, compare 42 branch 36 iret 0 call 13, 0 frames taken
//! named, line pending: 1800 passes, 2056 interrupts, compare 0 branch 0 iret 0 call 0, 93 frames taken
//! ```
//!
//! and powers off. As long as the window is unnamed the hypervisor delivers there as anywhere, on top of the frame that is
//! about to be taken. Once it is named, the frame is taken first. Before each instruction are a jump and a few NOPs:
//! emulators look for interrupts between blocks of instructions, which end with jumps, and each block takes a few cycles.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod guest {
    #![expect(unsafe_code, reason = "the window is assembly")]

    use core::arch::global_asm;
    use core::ops::Range;
    use core::sync::atomic::{AtomicU32, Ordering};

    use guest_runtime::abi::call::RETURN_VECTOR;
    use guest_runtime::abi::segment::Slot;
    use guest_runtime::abi::shared::{Field, INTERRUPTS_ON};
    use guest_runtime::abi::{Call, Counter, GuestVirtAddr, start};
    use guest_runtime::call::{call, set_timer};
    use guest_runtime::interrupts::{self, Frame};
    use guest_runtime::start::Info;
    use guest_runtime::{clock, println};

    guest_runtime::entry!(main);

    /// Cycles from before the timer is set to the window.
    const LEAD_CYCLES: u32 = 8_000;
    /// Deadlines, in cycles from when the hypervisor sets the timer.
    const DEADLINES: Range<u32> = 6_000..7_800;
    /// Time after which no interrupt comes any more.
    const PATIENCE_CYCLES: u32 = 20_000;

    // SAFETY: `window_pass` pushes a frame that leads to its own end, where the stack is as at its beginning.
    global_asm!(
        r#"
    .section .text.window, "ax"
    .balign 16
window_pass:
    pushfd
    or dword ptr [esp], {interrupts_on}
    push {kernel_code}
    lea eax, [window_passed]
    push eax
    mov dword ptr [{interrupt_flag}], {interrupts_on}
    .rept 12
    nop
    .endr
    jmp window_compare
window_compare:
    cmp dword ptr [{pending}], 0
    .rept 12
    nop
    .endr
    jmp window_branch
window_branch:
    jne 2f
    .rept 12
    nop
    .endr
    jmp window_iret
window_iret:
    iretd
2:
    .rept 12
    nop
    .endr
    jmp window_call
window_call:
    int {return_vector}
window_end:
    iretd
window_passed:
    ret
        "#,
        interrupts_on = const INTERRUPTS_ON,
        kernel_code = const Slot::KernelCode.selector(),
        return_vector = const RETURN_VECTOR,
        interrupt_flag = const start::SHARED_PLACE + Field::InterruptFlag.offset(),
        pending = const start::SHARED_PLACE + Field::Pending.offset(),
    );

    // SAFETY: defined above; a C function, and labels in it of which only the addresses are taken.
    unsafe extern "C" {
        fn window_pass();
        fn window_compare();
        fn window_branch();
        fn window_iret();
        fn window_call();
        fn window_end();
    }

    static INTERRUPTS: AtomicU32 = AtomicU32::new(0);
    /// Interrupts before the instructions of the window.
    static WITHIN: [AtomicU32; 4] = [const { AtomicU32::new(0) }; 4];

    /// Whether the line is pending before the timer is set.
    #[derive(Clone, Copy, PartialEq)]
    enum Before {
        Nothing,
        Line,
    }

    fn main(info: &Info) {
        interrupts::install(handle);
        let window = [window_compare, window_end].map(|label| GuestVirtAddr::new(address(label)));
        for before in [Before::Nothing, Before::Line] {
            for (name, [first, end]) in [("unnamed", [window[1]; 2]), ("named", window)] {
                call(Call::ReturnWindow { first, end }).expect("this hypervisor has interrupt tables");
                sweep(name, before, info.tsc_khz);
            }
        }
    }

    /// Passes the window once for each deadline, and reports.
    fn sweep(name: &str, before: Before, rate: u32) {
        INTERRUPTS.store(0, Ordering::Relaxed);
        WITHIN.iter().for_each(|count| count.store(0, Ordering::Relaxed));
        let taken = frames_taken();
        for deadline in DEADLINES {
            pass(before, (u64::from(deadline) * 1_000_000).div_ceil(rate.into()));
        }
        let passes = DEADLINES.len();
        let pending = if before == Before::Line { "line pending" } else { "nothing pending" };
        let interrupts = INTERRUPTS.load(Ordering::Relaxed);
        let [compare, branch, iret, call] = [0, 1, 2, 3].map(|index| WITHIN[index].load(Ordering::Relaxed));
        println!(
            "{name}, {pending}: {passes} passes, {interrupts} interrupts, \
             compare {compare} branch {branch} iret {iret} call {call}, {} frames taken",
            frames_taken() - taken
        );
    }

    /// Passes the window once, with the timer set to `nanoseconds` from its beginning, and waits for the timer.
    fn pass(before: Before, nanoseconds: u64) {
        interrupts::disable();
        if before == Before::Line {
            set_timer(1).expect("this hypervisor has timers");
            interrupts::wait_with_interrupts_off();
        }
        let seen = INTERRUPTS.load(Ordering::Relaxed);
        let begin = clock();
        set_timer(nanoseconds).expect("this hypervisor has timers");
        while clock().wrapping_sub(begin) < LEAD_CYCLES {}
        // SAFETY: it is a C function, whose window leads back here.
        unsafe { window_pass() };
        // What came before the window is one interrupt together with the line that was pending.
        let most = if before == Before::Line { 2 } else { 1 };
        while INTERRUPTS.load(Ordering::Relaxed) - seen < most
            && clock().wrapping_sub(begin) < PATIENCE_CYCLES
        {}
    }

    fn frames_taken() -> u32 {
        call(Call::Count(Counter::Returns)).expect("this hypervisor counts")
    }

    fn handle(frame: &mut Frame) {
        INTERRUPTS.fetch_add(1, Ordering::Relaxed);
        let instructions = [window_compare, window_branch, window_iret, window_call].map(address);
        if let Some(index) = instructions.iter().position(|instruction| *instruction == frame.eip) {
            WITHIN[index].fetch_add(1, Ordering::Relaxed);
        }
    }

    fn address(label: unsafe extern "C" fn()) -> u32 {
        u32::try_from((label as *const ()).addr()).expect("addresses have 32 bits")
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
