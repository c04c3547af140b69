//! Hypercalls: registers in, a status out.
//!
//! `int 0x82` from ring 1. EAX holds the number, EBX, ECX and EDX the arguments; EAX comes back as the
//! [`status`](crate::status). All other registers, the segment registers and the flags among them, come back as they
//! were; only a DS or ES whose descriptor is gone comes back null. From ring 3 the gate raises #GP.
//!
//! ```text
//! EAX  call                EBX                    ECX            EDX           status if it works
//!  0   interface           version wanted                                      features, if the version is this one
//!  1   console write       guest-physical address bytes                        bytes written
//!  2   end                 reason                 detail                       does not return
//!  3   halt                1: interrupts on                                    0, once a line is pending
//!  4   set timer           nanoseconds, low       high                         0; 0 ns stops it
//!  5   take                                                                    pending lines, which are cleared
//!  6   console read        guest-physical address bytes                        bytes read, 0 if none wait
//!  7   share               guest-physical page                                 0
//!  8   deliver                                                                 0, after the pending lines' handlers
//!  9   return window       first address          first behind it              0
//! 10   system call entry   address                                             0
//! 11   kernel stack        address                                             0
//! 12   thread segments     address of 3 descriptors                            0
//! 13   switch              guest-physical table   tag            1: forget it  0
//! 14   forget              0 all, 1 tag, 2 range  first address  last address  0
//! 15   group                                                                   own member; number of members << 8
//! 16   put                 guest-physical address bytes          offset; m << 16  0, once they are in m's window
//! 17   get                 guest-physical address bytes          offset; m << 16  0
//! 18   send                guest-physical address bytes          member        0, once the member has all of it
//! 19   receive             guest-physical address bytes          member        0, once as many bytes have come
//! 20   barrier                                                                 0, once all members have called
//! 21   count                counter                                            the counter's lowest 31 bits
//! ```
//!
//! Calls 7 to 12 need [`Features::INTERRUPT_TABLE`](crate::Features::INTERRUPT_TABLE), 13 and 14
//! [`Features::PAGING`](crate::Features::PAGING), 4 [`Features::TIMER`](crate::Features::TIMER), 6
//! [`Features::CONSOLE_INPUT`](crate::Features::CONSOLE_INPUT), 15 to 20 [`Features::GROUP`](crate::Features::GROUP).
//! Without it they are [`CallError::Unknown`].
//!
//! # Groups
//! Guests on different cores can form a group, whose members are numbered from 0. Each member has a window of
//! [`WINDOW_BYTES`] bytes in its core's message buffer, which any member reads and writes; who may write what when, they
//! agree on by other means. A message is received by a call for as many bytes as were sent. A call that waits for a member
//! fails with [`CallError::Member`] if that member's core is reset, or crashes and is started again.
//!
//! # Returning from an interrupt
//! `int 0x83` from ring 1 takes the place of an IRET: the frame of the IRET is on the stack. The hypervisor sets the
//! interrupt flag of the shared page, takes the frame, and delivers what is pending into where the frame leads. A frame
//! with other selectors than those of [`segment`](crate::segment) it leaves alone, and the next instruction is executed:
//! an IRET, which faults as it should.

use crate::{CallError, CallNumber, Counter, EndReason, GuestPhysAddr, GuestVirtAddr};

/// Vector of the gate for hypercalls.
pub const CALL_VECTOR: u8 = 0x82;
/// Vector of the gate that takes the place of an IRET.
pub const RETURN_VECTOR: u8 = 0x83;
/// Most bytes of one [`Call::ConsoleWrite`] or [`Call::ConsoleRead`].
pub const CONSOLE_BYTES_MAX: u32 = 1024;
/// Bytes of a member's window.
pub const WINDOW_BYTES: u32 = 512;
/// Number of tags for [`Call::Switch`], from 0; as many address spaces are remembered.
pub const TAGS: u32 = 6;

/// EAX, EBX, ECX, EDX.
pub type Registers = [u32; 4];

/// A hypercall and its arguments, none of them checked against the guest's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Asks for an interface version; any but [`crate::VERSION`] is a [`CallError::Argument`].
    Interface {
        /// Version the guest was made for.
        version: u32,
    },
    /// Writes text to the console, which takes some of it, at least a byte unless there is none.
    ConsoleWrite(Text),
    /// Ends the guest.
    End {
        /// Why.
        reason: EndReason,
        /// A number for the report, such as the place of a panic.
        detail: u32,
    },
    /// Waits until a line is pending.
    Halt {
        /// What becomes of the interrupt flag before.
        interrupts: Interrupts,
    },
    /// Sets the one-shot timer.
    SetTimer {
        /// From now on; 0 stops it.
        nanoseconds: u64,
    },
    /// Reads and clears the pending lines, for guests without an interrupt table.
    Take,
    /// Reads text that was typed.
    ConsoleRead(Text),
    /// Moves the [`shared`](crate::shared) page; its words are written there anew.
    Share {
        /// The new place, a multiple of 4096.
        page: GuestPhysAddr,
    },
    /// Delivers the pending lines through the interrupt table, as soon as the guest's interrupt flag is set.
    Deliver,
    /// Names the instructions between setting the interrupt flag and leaving by IRET or `int 0x83`. A guest that is
    /// interrupted there has its IRET done for it before anything is delivered.
    ReturnWindow {
        /// First instruction.
        first: GuestVirtAddr,
        /// First behind the window.
        end: GuestVirtAddr,
    },
    /// Names the first instruction of the handler of `int 0x80`, which clears the interrupt flag. The processor goes
    /// there without the hypervisor, and nothing is delivered before that instruction is executed.
    SystemCallEntry {
        /// The instruction.
        address: GuestVirtAddr,
    },
    /// Names the stack that the processor takes when it comes from ring 3 to ring 1.
    KernelStack {
        /// Value of ESP.
        top: GuestVirtAddr,
    },
    /// Sets the descriptors of the [`segment::THREAD_SLOTS`](crate::segment::THREAD_SLOTS).
    ThreadSegments {
        /// Where the three descriptors of eight bytes are.
        descriptors: GuestVirtAddr,
    },
    /// Changes the address space.
    Switch {
        /// Page directory.
        table: GuestPhysAddr,
        /// Which of the remembered address spaces it is, below [`TAGS`].
        tag: u32,
        /// What becomes of what is remembered under the tag.
        memory: TagMemory,
    },
    /// Forgets translations, as the guest does with those of a processor.
    Forget(Extent),
    /// Asks which member of which group the guest is.
    Group,
    /// Writes into a member's window.
    Put {
        /// What is written, at most [`WINDOW_BYTES`].
        from: Bytes,
        /// Where it goes.
        to: WindowPlace,
    },
    /// Reads from a member's window.
    Get {
        /// Where the bytes go, at most [`WINDOW_BYTES`].
        to: Bytes,
        /// Where they come from.
        from: WindowPlace,
    },
    /// Sends a message to a member, which must receive it.
    Send {
        /// The message.
        message: Bytes,
        /// Number of the member.
        to: u32,
    },
    /// Receives the next message of a member.
    Receive {
        /// Where it goes. It must be as long as the message.
        message: Bytes,
        /// Number of the member.
        from: u32,
    },
    /// Waits for all members.
    Barrier,
    /// Reads a counter of what the hypervisor has done for the guest, for measurements.
    Count(Counter),
}

/// A place in the window of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowPlace {
    /// Number of the member.
    pub member: u16,
    /// First byte, below [`WINDOW_BYTES`].
    pub offset: u16,
}

impl WindowPlace {
    /// The word in EDX.
    const fn encode(self) -> u32 {
        (self.member as u32) << 16 | self.offset as u32
    }

    fn decode(word: u32) -> Self {
        let [a, b, c, d] = word.to_le_bytes();
        Self { member: u16::from_le_bytes([c, d]), offset: u16::from_le_bytes([a, b]) }
    }
}

/// Bytes of the guest's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// Where the text is or goes.
    pub address: GuestPhysAddr,
    /// Its length, at most [`CONSOLE_BYTES_MAX`].
    pub bytes: u32,
}

/// Bytes of the guest's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes {
    /// Where they begin.
    pub address: GuestPhysAddr,
    /// How many there are.
    pub bytes: u32,
}

/// What [`Call::Halt`] does to the guest's interrupt flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupts {
    /// Leaves it.
    AsTheyAre,
    /// Sets it, with no gap before the wait.
    On,
}

/// Whether translations that are remembered under a tag are still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagMemory {
    /// They are.
    Kept,
    /// They are not.
    Forgotten,
}

/// Which translations [`Call::Forget`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of all tags, and the kernel's.
    Everything,
    /// Those of the current tag, without the kernel's.
    CurrentTag,
    /// Those of the pages from the one that holds `first` to the one that holds `last`, of the current tag and the
    /// kernel.
    Range {
        /// An address in the first page.
        first: GuestVirtAddr,
        /// An address in the last page, not below `first`.
        last: GuestVirtAddr,
    },
}

impl Extent {
    /// The word in EBX of [`Call::Forget`].
    #[must_use]
    pub const fn kind(self) -> u32 {
        match self {
            Self::Everything => 0,
            Self::CurrentTag => 1,
            Self::Range { .. } => 2,
        }
    }
}

impl Call {
    /// Its number.
    #[must_use]
    pub const fn number(self) -> CallNumber {
        match self {
            Self::Interface { .. } => CallNumber::Interface,
            Self::ConsoleWrite(_) => CallNumber::ConsoleWrite,
            Self::End { .. } => CallNumber::End,
            Self::Halt { .. } => CallNumber::Halt,
            Self::SetTimer { .. } => CallNumber::SetTimer,
            Self::Take => CallNumber::Take,
            Self::ConsoleRead(_) => CallNumber::ConsoleRead,
            Self::Share { .. } => CallNumber::Share,
            Self::Deliver => CallNumber::Deliver,
            Self::ReturnWindow { .. } => CallNumber::ReturnWindow,
            Self::SystemCallEntry { .. } => CallNumber::SystemCallEntry,
            Self::KernelStack { .. } => CallNumber::KernelStack,
            Self::ThreadSegments { .. } => CallNumber::ThreadSegments,
            Self::Switch { .. } => CallNumber::Switch,
            Self::Forget(_) => CallNumber::Forget,
            Self::Group => CallNumber::Group,
            Self::Put { .. } => CallNumber::Put,
            Self::Get { .. } => CallNumber::Get,
            Self::Send { .. } => CallNumber::Send,
            Self::Receive { .. } => CallNumber::Receive,
            Self::Barrier => CallNumber::Barrier,
            Self::Count(_) => CallNumber::Count,
        }
    }

    /// Whether it needs [`Features::GROUP`](crate::Features::GROUP).
    #[must_use]
    pub const fn is_of_group(self) -> bool {
        matches!(
            self,
            Self::Group
                | Self::Put { .. }
                | Self::Get { .. }
                | Self::Send { .. }
                | Self::Receive { .. }
                | Self::Barrier
        )
    }

    /// Registers of the call; those that it does not use are 0.
    #[must_use]
    pub const fn encode(self) -> Registers {
        let [first, second, third] = match self {
            Self::Interface { version } => [version, 0, 0],
            Self::ConsoleWrite(text) | Self::ConsoleRead(text) => [text.address.number(), text.bytes, 0],
            Self::End { reason, detail } => [reason.number(), detail, 0],
            Self::Halt { interrupts: Interrupts::On } => [1, 0, 0],
            Self::SetTimer { nanoseconds } => {
                let [a, b, c, d, e, f, g, h] = nanoseconds.to_le_bytes();
                [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]), 0]
            }
            Self::Share { page } => [page.number(), 0, 0],
            Self::ReturnWindow { first, end } => [first.number(), end.number(), 0],
            Self::SystemCallEntry { address } => [address.number(), 0, 0],
            Self::KernelStack { top } => [top.number(), 0, 0],
            Self::ThreadSegments { descriptors } => [descriptors.number(), 0, 0],
            Self::Switch { table, tag, memory: TagMemory::Kept } => [table.number(), tag, 0],
            Self::Switch { table, tag, memory: TagMemory::Forgotten } => [table.number(), tag, 1],
            Self::Forget(extent @ Extent::Range { first, last }) => {
                [extent.kind(), first.number(), last.number()]
            }
            Self::Forget(extent) => [extent.kind(), 0, 0],
            Self::Put { from: block, to: place } | Self::Get { to: block, from: place } => {
                [block.address.number(), block.bytes, place.encode()]
            }
            Self::Send { message, to: member } | Self::Receive { message, from: member } => {
                [message.address.number(), message.bytes, member]
            }
            Self::Count(counter) => [counter.number(), 0, 0],
            Self::Halt { interrupts: Interrupts::AsTheyAre }
            | Self::Take
            | Self::Deliver
            | Self::Group
            | Self::Barrier => [0, 0, 0],
        };
        [self.number().number(), first, second, third]
    }

    /// The call that registers ask for. Registers that a call does not use are not looked at.
    ///
    /// # Errors
    /// [`CallError::Unknown`] for the number, [`CallError::Argument`] for what goes with it.
    pub fn decode([number, first, second, third]: Registers) -> Result<Self, CallError> {
        let address = GuestVirtAddr::new;
        Ok(match CallNumber::from_number(number).ok_or(CallError::Unknown)? {
            CallNumber::Interface => Self::Interface { version: first },
            CallNumber::ConsoleWrite => Self::ConsoleWrite(text(first, second)?),
            CallNumber::End => Self::End {
                reason: EndReason::from_number(first).ok_or(CallError::Argument)?,
                detail: second,
            },
            CallNumber::Halt => {
                Self::Halt { interrupts: either(first, Interrupts::AsTheyAre, Interrupts::On)? }
            }
            CallNumber::SetTimer => {
                Self::SetTimer { nanoseconds: u64::from(second) << 32 | u64::from(first) }
            }
            CallNumber::Take => Self::Take,
            CallNumber::ConsoleRead => Self::ConsoleRead(text(first, second)?),
            CallNumber::Share if first % 4096 == 0 => Self::Share { page: GuestPhysAddr::new(first) },
            CallNumber::Deliver => Self::Deliver,
            CallNumber::ReturnWindow if first <= second => {
                Self::ReturnWindow { first: address(first), end: address(second) }
            }
            CallNumber::SystemCallEntry => Self::SystemCallEntry { address: address(first) },
            CallNumber::KernelStack => Self::KernelStack { top: address(first) },
            CallNumber::ThreadSegments => Self::ThreadSegments { descriptors: address(first) },
            CallNumber::Switch if second < TAGS => Self::Switch {
                table: GuestPhysAddr::new(first),
                tag: second,
                memory: either(third, TagMemory::Kept, TagMemory::Forgotten)?,
            },
            CallNumber::Forget => Self::Forget(match first {
                0 => Extent::Everything,
                1 => Extent::CurrentTag,
                2 if second <= third => Extent::Range { first: address(second), last: address(third) },
                _ => return Err(CallError::Argument),
            }),
            CallNumber::Group => Self::Group,
            CallNumber::Put => {
                let (from, to) = in_window(bytes(first, second), WindowPlace::decode(third))?;
                Self::Put { from, to }
            }
            CallNumber::Get => {
                let (to, from) = in_window(bytes(first, second), WindowPlace::decode(third))?;
                Self::Get { to, from }
            }
            CallNumber::Send => Self::Send { message: bytes(first, second), to: third },
            CallNumber::Receive => Self::Receive { message: bytes(first, second), from: third },
            CallNumber::Barrier => Self::Barrier,
            CallNumber::Count => Self::Count(Counter::from_number(first).ok_or(CallError::Argument)?),
            CallNumber::Share | CallNumber::ReturnWindow | CallNumber::Switch => {
                return Err(CallError::Argument);
            }
        })
    }
}

fn text(address: u32, bytes: u32) -> Result<Text, CallError> {
    if bytes > CONSOLE_BYTES_MAX {
        return Err(CallError::Argument);
    }
    Ok(Text { address: GuestPhysAddr::new(address), bytes })
}

const fn bytes(address: u32, bytes: u32) -> Bytes {
    Bytes { address: GuestPhysAddr::new(address), bytes }
}

/// Bytes that lie within a window from a place on.
fn in_window(block: Bytes, place: WindowPlace) -> Result<(Bytes, WindowPlace), CallError> {
    match block.bytes.checked_add(place.offset.into()) {
        Some(..=WINDOW_BYTES) => Ok((block, place)),
        _ => Err(CallError::Argument),
    }
}

/// The meaning of a word that may be 0 or 1.
fn either<T>(word: u32, zero: T, one: T) -> Result<T, CallError> {
    match word {
        0 => Ok(zero),
        1 => Ok(one),
        _ => Err(CallError::Argument),
    }
}

#[cfg(test)]
mod tests;
