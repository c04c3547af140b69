//! The assembler of guest programs: all of iced's instructions, and words for what tests do again and again.
//!
//! Unless its description says otherwise a word leaves EAX undefined and keeps the other registers.

use super::layout::{self, word};
use i586::apic::{ApicRegister, SpuriousVector};
use iced_x86::code_asm::{AsmRegister32, ax, cr4, ds, edi};
use iced_x86::code_asm::{
    CodeAssembler, CodeAssemblerResult, CodeLabel, byte_ptr, dword_ptr, eax, ecx, esp, word_ptr,
};
use iced_x86::{BlockEncoderOptions, IcedError};
use scc::id::TileId;
use scc::map;
use scc::tile::TileRegister;
use std::ops::{Deref, DerefMut};

/// What assembling gives; the error is a test that does not fit the instruction set.
pub type Result<T = ()> = std::result::Result<T, IcedError>;

/// The vector that [`Code::attempt`] reports if nothing was raised.
pub const NO_FAULT: u32 = u32::MAX;

/// An instruction whose address is loaded before it is assembled.
#[derive(Debug)]
#[must_use]
pub struct Landing {
    index: usize,
}

/// An assembler for one program.
pub struct Code {
    assembler: CodeAssembler,
    /// Instructions `mov register, immediate`, and the instructions whose addresses they load.
    addresses: Vec<(usize, usize)>,
    /// The last marked place: an instruction can have one label only.
    last_place: Option<(usize, CodeLabel)>,
}

impl Deref for Code {
    type Target = CodeAssembler;

    fn deref(&self) -> &CodeAssembler {
        &self.assembler
    }
}

impl DerefMut for Code {
    fn deref_mut(&mut self) -> &mut CodeAssembler {
        &mut self.assembler
    }
}

impl Code {
    pub(super) fn new() -> Result<Self> {
        Ok(Code { assembler: CodeAssembler::new(32)?, addresses: Vec::new(), last_place: None })
    }

    /// Encodes the program for [`layout::CODE`].
    pub(super) fn encode(&mut self) -> Result<(Vec<u8>, CodeAssemblerResult)> {
        let options = BlockEncoderOptions::RETURN_NEW_INSTRUCTION_OFFSETS;
        let assembled = self.assembler.assemble_options(u64::from(layout::CODE), options)?;
        let mut bytes = assembled.inner.code_buffer.clone();
        let offsets = &assembled.inner.new_instruction_offsets;
        for (instruction, target) in &self.addresses {
            let opcode = offsets[*instruction] as usize;
            let address = layout::CODE + offsets[*target];
            bytes[opcode + 1..opcode + 5].copy_from_slice(&address.to_le_bytes());
        }
        Ok((bytes, assembled))
    }

    /// Loads the address of an instruction further down, the one that follows [`Code::land`].
    pub fn load_address(&mut self, register: AsmRegister32) -> Result<Landing> {
        let landing = Landing { index: self.addresses.len() };
        self.addresses.push((self.instructions().len(), 0));
        // Any number that takes four bytes.
        self.mov(register, 0x7FFF_FFFFu32)?;
        Ok(landing)
    }

    /// Makes the next instruction the one whose address was loaded.
    pub fn land(&mut self, landing: Landing) {
        self.addresses[landing.index].1 = self.instructions().len();
    }

    /// Marks this place and returns its label.
    pub fn here(&mut self) -> Result<CodeLabel> {
        let next = self.instructions().len();
        if let Some((place, label)) = self.last_place
            && place == next
        {
            return Ok(label);
        }
        let mut label = self.create_label();
        self.set_label(&mut label)?;
        self.last_place = Some((next, label));
        Ok(label)
    }

    /// Loads the 32-bit word at a linear address into EAX.
    pub fn read(&mut self, at: u32) -> Result {
        self.mov(eax, dword_ptr(at))
    }

    /// Loads the byte at a linear address into EAX.
    pub fn read_byte(&mut self, at: u32) -> Result {
        self.movzx(eax, byte_ptr(at))
    }

    /// Stores a 32-bit word at a linear address; changes no register.
    pub fn write(&mut self, at: u32, value: u32) -> Result {
        self.mov(dword_ptr(at), value)
    }

    /// Stores a byte at a linear address; changes no register.
    pub fn write_byte(&mut self, at: u32, value: u8) -> Result {
        self.mov(byte_ptr(at), u32::from(value))
    }

    /// Stores a 16-bit word at a linear address; changes no register.
    pub fn write_word(&mut self, at: u32, value: u16) -> Result {
        self.mov(word_ptr(at), u32::from(value))
    }

    /// Stores a register as result `slot`; changes no register.
    pub fn result(&mut self, slot: u32, register: AsmRegister32) -> Result {
        self.mov(dword_ptr(layout::result(slot)), register)
    }

    /// Loads the word at a linear address and stores it as result `slot`.
    pub fn report(&mut self, slot: u32, at: u32) -> Result {
        self.read(at)?;
        self.result(slot, eax)
    }

    /// Repeats `body` `count` times with EDI counting down to 0.
    pub fn repeat(&mut self, count: u32, body: impl FnOnce(&mut Self) -> Result) -> Result {
        self.mov(edi, count)?;
        let top = self.here()?;
        body(self)?;
        self.dec(edi)?;
        self.jnz(top)
    }

    /// Spins until the word at a linear address equals `value`.
    pub fn wait_until_equal(&mut self, at: u32, value: u32) -> Result {
        let top = self.here()?;
        self.cmp(dword_ptr(at), value)?;
        self.jne(top)
    }

    /// Tells the host that the program got to hand-shake `number` (not 0) and waits until it may go on.
    pub fn wait_for_host(&mut self, number: u32) -> Result {
        self.write(word::REACHED, number)?;
        self.wait_until_equal(word::GO, number)
    }

    /// Runs `body`; an exception in it is recorded and skips the rest of `body`. Result `slot` is its vector
    /// or [`NO_FAULT`], result `slot + 1` its error code. EAX is undefined when `body` begins.
    pub fn attempt(&mut self, slot: u32, body: impl FnOnce(&mut Self) -> Result) -> Result {
        let after = self.load_address(eax)?;
        self.mov(dword_ptr(word::RECOVERY), eax)?;
        self.write(word::FAULT_VECTOR, NO_FAULT)?;
        body(self)?;
        self.land(after);
        self.write(word::RECOVERY, 0)?;
        self.report(slot, word::FAULT_VECTOR)?;
        self.report(slot + 1, word::FAULT_CODE)
    }

    /// Runs `body` at CPL 3. EAX is undefined when `body` begins and when it ends.
    pub fn as_user(&mut self, body: impl FnOnce(&mut Self) -> Result) -> Result {
        let after = self.load_address(eax)?;
        self.mov(dword_ptr(word::USER_RETURN), eax)?;
        self.mov(dword_ptr(word::USER_RETURN_STACK), esp)?;
        self.mov(eax, u32::from(layout::USER_DATA_SELECTOR))?;
        self.mov(ds, ax)?;
        self.push(u32::from(layout::USER_DATA_SELECTOR))?;
        self.push(layout::USER_STACK)?;
        self.pushfd()?;
        self.push(u32::from(layout::USER_CODE_SELECTOR))?;
        let user = self.load_address(eax)?;
        self.push(eax)?;
        self.iretd()?;
        self.land(user);
        body(self)?;
        self.int(u32::from(super::boot::RETURN_VECTOR))?;
        self.land(after);
        self.mov(eax, u32::from(layout::DATA_SELECTOR))?;
        self.mov(ds, ax)
    }

    /// Loads CR4.
    pub fn set_cr4(&mut self, value: u32) -> Result {
        self.mov(eax, value)?;
        self.mov(cr4, eax)
    }

    /// Reads four clean lines that share the line's sets in L1 and L2, then the first of them again (SCC
    /// reference §2.4). After WBINVD the line is in neither cache.
    pub fn evict(&mut self, at: u32) -> Result {
        for way in [0, 1, 2, 3, 0] {
            self.read(layout::CLEAN + way * 0x1_0000 + (at & 0xFFE0))?;
        }
        Ok(())
    }

    /// Writes a register of the local APIC; changes no register of the core.
    pub fn write_apic(&mut self, register: ApicRegister, value: u32) -> Result {
        self.write(map::LOCAL_APIC.get() + register.offset(), value)
    }

    /// Enables the local APIC.
    pub fn enable_apic(&mut self) -> Result {
        self.write_apic(ApicRegister::SpuriousVector, SpuriousVector::RESET.with_enable(true).into_bits())
    }

    /// Ends the interrupt in service and returns from its handler; changes no register.
    pub fn end_interrupt(&mut self) -> Result {
        self.write_apic(ApicRegister::EndOfInterrupt, 0)?;
        self.iretd()
    }

    /// Lets about `cycles` core cycles pass without touching memory other than code; changes ECX.
    pub fn pause_for(&mut self, cycles: u32) -> Result {
        self.mov(ecx, cycles / 2)?;
        let top = self.here()?;
        self.dec(ecx)?;
        self.jnz(top)
    }
}

/// Linear address of a label in assembled code.
pub(super) fn address_of(assembled: &CodeAssemblerResult, label: &CodeLabel) -> Result<u32> {
    Ok(u32::try_from(assembled.label_ip(label)?).expect("code lies below 4 GB"))
}

/// Linear address of a register of a tile.
#[must_use]
pub const fn tile_register(tile: TileId, register: TileRegister) -> u32 {
    map::crb_of(tile).get() + register.offset()
}

/// Linear address of a register of the own tile.
#[must_use]
pub const fn own_register(register: TileRegister) -> u32 {
    map::OWN_CRB.get() + register.offset()
}
