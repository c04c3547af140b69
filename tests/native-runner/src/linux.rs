//! The few system calls the runner needs, as i386 Linux numbers them.
//!
//! All go through INT 80h with at most three arguments in EBX, ECX and EDX.
#![expect(unsafe_code, reason = "system calls are made by an instruction")]

use core::arch::asm;

/// A system call failed; holds the error number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Error(pub(crate) i32);

#[derive(Debug, Clone, Copy)]
#[repr(u32)]
enum Call {
    Exit = 1,
    Read = 3,
    Write = 4,
    SignalAction = 67,
    Map = 90,
    ModifyLdt = 123,
    SignalStack = 186,
}

/// # Safety
/// The arguments must be what the system call expects, and memory that it writes must not be borrowed.
unsafe fn call(number: Call, first: u32, second: u32, third: u32) -> Result<u32, Error> {
    let result: i32;
    // SAFETY: INT 80h keeps every register but EAX; what it does to memory is the caller's business.
    unsafe {
        asm!(
            "int 0x80",
            inlateout("eax") number as i32 => result,
            in("ebx") first,
            in("ecx") second,
            in("edx") third,
        );
    }
    if result < 0 && result > -4096 { Err(Error(-result)) } else { Ok(result.cast_unsigned()) }
}

/// The address of something, as the kernel wants it.
fn address<T: ?Sized>(of: *const T) -> u32 {
    of.addr().try_into().expect("an address has 32 bits on this target")
}

fn length(of: &[u8]) -> u32 {
    of.len().try_into().expect("a length has 32 bits on this target")
}

/// Ends the program.
pub(crate) fn exit(status: u32) -> ! {
    // SAFETY: the call takes a number and does not return.
    let _never = unsafe { call(Call::Exit, status, 0, 0) };
    loop {
        core::hint::spin_loop();
    }
}

/// Fills `bytes` from standard input; false at its end.
pub(crate) fn read_all(bytes: &mut [u8]) -> bool {
    let mut filled = 0;
    while filled < bytes.len() {
        let rest = &mut bytes[filled..];
        // SAFETY: `rest` is exclusively borrowed and as long as said.
        match unsafe { call(Call::Read, 0, address(rest.as_ptr()), length(rest)) } {
            Ok(0) | Err(_) => return false,
            Ok(count) => filled += count as usize,
        }
    }
    true
}

/// Writes `bytes` to standard output; false if nobody reads them.
pub(crate) fn write_all(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        // SAFETY: the kernel only reads the bytes.
        match unsafe { call(Call::Write, 1, address(bytes.as_ptr()), length(bytes)) } {
            Ok(count) => bytes = &bytes[count as usize..],
            Err(_) => return false,
        }
    }
    true
}

/// What may be done with mapped memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protection {
    /// Read and write.
    Data = 3,
    /// Read, write and execute.
    Code = 7,
}

/// Maps zeroed private memory at exactly `at`.
///
/// # Safety
/// Nothing of this program may lie in `at .. at + bytes`.
pub(crate) unsafe fn map(at: u32, bytes: u32, protection: Protection) -> Result<(), Error> {
    const PRIVATE_FIXED_ANONYMOUS: u32 = 0x32;
    let arguments = [at, bytes, protection as u32, PRIVATE_FIXED_ANONYMOUS, u32::MAX, 0];
    // SAFETY: the call reads the six arguments; the caller vouches for the place.
    unsafe { call(Call::Map, address(&raw const arguments), 0, 0) }.map(drop)
}

/// A segment for the local descriptor table, as the kernel's `struct user_desc` has it.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct Descriptor {
    entry: u32,
    base: u32,
    limit: u32,
    attributes: u32,
}

impl Descriptor {
    const WIDE: u32 = 1;
    const CODE: u32 = 2 << 1;
    const USABLE: u32 = 1 << 6;

    /// Readable and writable data; `wide` stacks use ESP, others SP.
    pub(crate) const fn data(entry: u32, base: u32, limit: u32, wide: bool) -> Self {
        let attributes = Self::USABLE | if wide { Self::WIDE } else { 0 };
        Descriptor { entry, base, limit, attributes }
    }

    /// Readable 16-bit code.
    pub(crate) const fn code16(entry: u32, base: u32, limit: u32) -> Self {
        Descriptor { entry, base, limit, attributes: Self::USABLE | Self::CODE }
    }
}

/// Installs a segment in this process's local descriptor table.
pub(crate) fn install(descriptor: &Descriptor) -> Result<(), Error> {
    const WRITE: u32 = 0x11;
    const BYTES: u32 = 16;
    // SAFETY: the call reads 16 bytes; no selector of the table is loaded while it is filled.
    unsafe { call(Call::ModifyLdt, WRITE, address(&raw const *descriptor), BYTES) }.map(drop)
}

/// `struct sigaction` of the older call.
#[repr(C)]
pub(crate) struct SignalAction {
    handler: u32,
    mask: u32,
    flags: u32,
    restorer: u32,
}

impl SignalAction {
    /// A handler with three arguments on the alternate stack, left through `restorer`.
    pub(crate) fn new(handler: unsafe extern "C" fn(), restorer: unsafe extern "C" fn()) -> Self {
        const INFORMATION_ALTERNATE_STACK_RESTORER: u32 = 0x0C00_0004;
        SignalAction {
            handler: address(handler as *const ()),
            mask: 0,
            flags: INFORMATION_ALTERNATE_STACK_RESTORER,
            restorer: address(restorer as *const ()),
        }
    }
}

/// Installs a signal handler.
///
/// # Safety
/// The handler must cope with being entered at any instruction that can raise `signal`.
pub(crate) unsafe fn handle(signal: u32, action: &SignalAction) -> Result<(), Error> {
    // SAFETY: the call reads the action; the caller vouches for the handler.
    unsafe { call(Call::SignalAction, signal, address(&raw const *action), 0) }.map(drop)
}

/// Makes `stack` the alternate signal stack.
///
/// # Safety
/// From now on the kernel writes to it; nothing else may.
pub(crate) unsafe fn alternate_stack(stack: *mut [u8]) -> Result<(), Error> {
    let bytes = u32::try_from(stack.len()).expect("a length has 32 bits on this target");
    let arguments = [address(stack.cast::<u8>()), 0, bytes];
    // SAFETY: the call reads the three arguments; the caller gives the stack away.
    unsafe { call(Call::SignalStack, address(&raw const arguments), 0, 0) }.map(drop)
}
