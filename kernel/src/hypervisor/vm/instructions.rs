//! Instructions that the hypervisor carries out in the guest's place, because ring 1 may not execute them.

use guest_abi::call::Extent;
use guest_abi::{Counter, GuestVirtAddr};

use super::faults::DEBUG_STATUS_START;
use super::{End, Next, Vm};
use crate::arch::i586::cpu::AlignmentChecks;
use crate::arch::i586::ring_switch::Word;
use crate::hypervisor::control::{BadValue, Effect};
use crate::hypervisor::delivery::{InterruptFlag, InterruptTable};
use crate::hypervisor::emulate::privileged::{Action, BaseBits, ControlRegister, Privileged, Table, decode};
use crate::hypervisor::emulate::{GeneralRegisters, LENGTH_MAX, MemoryOperand, Part, Register, Segment};

/// DR7 after reset; breakpoints of guests are never set.
const DEBUG_CONTROL: u32 = 0x400;

/// Words of the frame in the order of the registers' numbers.
const GENERAL: [Word; 8] =
    [Word::Eax, Word::Ecx, Word::Edx, Word::Ebx, Word::Esp, Word::Ebp, Word::Esi, Word::Edi];

/// The instruction is to fault in the guest.
struct Refused;

impl From<BadValue> for Refused {
    fn from(_: BadValue) -> Self {
        Self
    }
}

impl Vm {
    /// Carries out the privileged instruction at EIP. `None` if there is none, or it is to fault.
    pub(super) fn execute(&mut self) -> Result<Option<Next>, End> {
        let eip = self.vcpu.registers.get(Word::Eip);
        let mut bytes = [0; LENGTH_MAX];
        let length = self.with_linear(|linear| linear.read_up_to(GuestVirtAddr::new(eip), &mut bytes));
        let Ok(Privileged { action, length }) = decode(&bytes[..length]) else { return Ok(None) };
        let Ok(next) = self.act(action) else { return Ok(None) };
        self.vcpu.registers.set(Word::Eip, eip.wrapping_add(length.into()));
        self.counts.add(Counter::Instructions);
        Ok(Some(next))
    }

    fn act(&mut self, action: Action) -> Result<Next, Refused> {
        match action {
            Action::ReadControl { from, to } => {
                let value = match from {
                    ControlRegister::Cr0 => self.control.cr0(),
                    ControlRegister::Cr2 => self.control.cr2,
                    ControlRegister::Cr3 => self.control.cr3(),
                    ControlRegister::Cr4 => self.control.cr4(),
                };
                self.set_register(to, value);
            }
            Action::WriteControl { to, from } => self.write_control(to, self.register(from))?,
            Action::ReadDebug { from, to } => {
                let value = match from {
                    4 | 6 => self.debug_status,
                    5 | 7 => DEBUG_CONTROL,
                    _ => 0,
                };
                self.set_register(to, value);
            }
            Action::WriteDebug { to: 4 | 6, from } => {
                self.debug_status = self.register(from) | DEBUG_STATUS_START;
            }
            Action::LoadTable { table: Table::Interrupt, operand, base } => {
                self.load_interrupt_table(&operand, base)?;
            }
            Action::InvalidatePage(operand) => {
                let page = GuestVirtAddr::new(self.flat_address(&operand).ok_or(Refused)?);
                self.shadow.forget(Extent::Range { first: page, last: page });
            }
            Action::ClearInterrupts => self.shared.set_interrupt_flag(InterruptFlag::Off),
            Action::SetInterrupts => self.shared.set_interrupt_flag(InterruptFlag::On),
            Action::Halt => return Ok(Next::Wait),
            // No port has a device: reads are ones, and writes go nowhere.
            Action::In { width, .. } => {
                let part = Part::from_bits(Register::Eax.number(), width);
                let mut general = self.general();
                general.set_part(part, u32::MAX);
                self.set_register(Register::Eax, general.get(Register::Eax));
            }
            // The guest's table of segments is the hypervisor's, it has no local one and no tasks; there are no hardware
            // breakpoints; the FPU is always its own; caches need no help.
            Action::Out { .. }
            | Action::WriteDebug { .. }
            | Action::LoadTable { table: Table::Global, .. }
            | Action::LoadLocalTable(_)
            | Action::LoadTask(_)
            | Action::ClearTaskSwitched
            | Action::WriteBackCaches
            | Action::InvalidateCaches => {}
            Action::LoadMachineStatus(_)
            | Action::ReadModelSpecific
            | Action::WriteModelSpecific
            | Action::ReadTimeStamp
            | Action::InString(_)
            | Action::OutString(_) => return Err(Refused),
        }
        Ok(Next::Resume)
    }

    fn write_control(&mut self, register: ControlRegister, value: u32) -> Result<(), Refused> {
        let effect = match register {
            ControlRegister::Cr0 => {
                let effect = self.control.set_cr0(value)?;
                self.vcpu.registers.set_alignment_checks(match self.control.checks_alignment() {
                    true => AlignmentChecks::On,
                    false => AlignmentChecks::Off,
                });
                effect
            }
            ControlRegister::Cr2 => {
                self.control.cr2 = value;
                Effect::None
            }
            ControlRegister::Cr3 => {
                self.control.set_cr3(value);
                Effect::Forget
            }
            ControlRegister::Cr4 => self.control.set_cr4(value)?,
        };
        if effect == Effect::Forget {
            self.shadow.forget(Extent::Everything);
        }
        Ok(())
    }

    fn load_interrupt_table(&mut self, operand: &MemoryOperand, base: BaseBits) -> Result<(), Refused> {
        let place = GuestVirtAddr::new(self.flat_address(operand).ok_or(Refused)?);
        let mut bytes = [0; 6];
        self.with_linear(|linear| linear.read(place, &mut bytes)).map_err(|_| Refused)?;
        let [l0, l1, b0, b1, b2, b3] = bytes;
        let highest = if base == BaseBits::Bits32 { b3 } else { 0 };
        self.table = Some(InterruptTable {
            base: GuestVirtAddr::new(u32::from_le_bytes([b0, b1, b2, highest])),
            limit: u16::from_le_bytes([l0, l1]),
        });
        Ok(())
    }

    /// The linear address of an operand. Those of threads' segments have none here: no kernel has its tables or devices
    /// there.
    pub(super) fn flat_address(&self, operand: &MemoryOperand) -> Option<u32> {
        match operand.segment {
            Segment::Fs | Segment::Gs => None,
            _ => Some(operand.offset(&self.general())),
        }
    }

    pub(super) fn general(&self) -> GeneralRegisters {
        GeneralRegisters(GENERAL.map(|word| self.vcpu.registers.get(word)))
    }

    fn register(&self, register: Register) -> u32 {
        self.vcpu.registers.get(GENERAL[usize::from(register.number())])
    }

    pub(super) fn set_register(&mut self, register: Register, value: u32) {
        self.vcpu.registers.set(GENERAL[usize::from(register.number())], value);
    }
}
