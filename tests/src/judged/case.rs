//! One case: what it begins with and what it probes.

use super::layout::{
    IMAGE, REAL_STACK, code_selector, data_selector, descriptor, page_entry, selector, stack_top,
};
use super::monitor::matrix::parameter;
use super::monitor::variables::{ENTRY_WORDS, Entry};
use super::monitor::{CONTROL, Result};
use i586::control::{Cr0, Cr4};
use i586::flags::Eflags;
use i586::page::PageEntry;
use i586::segment::{Descriptor, Gate, Selector, SystemKind};
use iced_x86::code_asm::CodeAssembler;

/// The general registers that cases set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Register {
    /// EAX.
    Eax,
    /// ECX.
    Ecx,
    /// EDX.
    Edx,
    /// EBX.
    Ebx,
    /// EBP.
    Ebp,
    /// ESI.
    Esi,
    /// EDI.
    Edi,
}

/// Data segment registers that cases set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataSegment {
    /// DS.
    Ds,
    /// ES.
    Es,
    /// FS.
    Fs,
    /// GS.
    Gs,
}

/// A case in the making; the default is flat ring 0 without paging and a probe of nothing.
pub struct Case {
    name: String,
    words: [u32; ENTRY_WORDS],
    /// Memory contents: address and words.
    contents: Vec<(u32, Vec<u32>)>,
    /// Address of the first byte of `code`.
    begin: u32,
    code: Vec<u8>,
    probed: bool,
}

/// Name, entry words, memory contents by address, code.
type Parts = (String, [u32; ENTRY_WORDS], Vec<(u32, Vec<u32>)>, Vec<u8>);

impl Case {
    pub(super) fn new(name: String, begin: u32) -> Self {
        let mut case = Case {
            name,
            words: [0; ENTRY_WORDS],
            contents: Vec::new(),
            begin,
            code: Vec::new(),
            probed: false,
        };
        case.set(Entry::Cr0, CONTROL.bits());
        case.set(Entry::Flags, Eflags::RESERVED_ONE.bits());
        case.set(Entry::Traced, u32::MAX);
        case.ring(0);
        case
    }

    /// Takes the case apart: name, entry, memory contents, code.
    pub(super) fn into_parts(mut self) -> Parts {
        if !self.probed {
            self.probe(|_| Ok(())).expect("nothing can be assembled");
        }
        (self.name, self.words, self.contents, self.code)
    }

    fn set(&mut self, entry: Entry, value: u32) {
        self.words[entry as usize] = value;
    }

    fn get(&self, entry: Entry) -> u32 {
        self.words[entry as usize]
    }

    /// Makes a matrix of the case: the probe runs with every kind of descriptor. `template` gives base, limit, G
    /// and D/B; `rows` is the set of types, S being bit 4.
    pub(super) fn matrix(&mut self, driver: u32, template: Descriptor, rows: u32) {
        // not an address: everything but the access byte
        const REST: u32 = 0xFFFF_00FF;
        let (low, high) = template.words();
        self.set(parameter::LOW, low);
        self.set(parameter::HIGH, high & REST);
        self.set(parameter::ROWS, rows);
        self.set(Entry::Driver, driver);
    }

    /// Address at which the next piece of code will lie.
    #[must_use]
    pub fn here(&self) -> u32 {
        self.begin + u32::try_from(self.code.len()).expect("at most a ROM")
    }

    /// Begins in flat segments of a ring, on that ring's stack.
    pub fn ring(&mut self, ring: u8) -> &mut Self {
        self.set(Entry::Cs, u32::from(code_selector(ring)));
        self.set(Entry::Ss, u32::from(data_selector(ring)));
        // The last 256 bytes of ring 0's stack are those that handlers of other rings use.
        self.set(Entry::Esp, stack_top(ring) - if ring == 0 { 0x100 } else { 0 });
        for entry in [Entry::Ds, Entry::Es, Entry::Fs, Entry::Gs] {
            self.set(entry, u32::from(if ring == 0 { selector::DATA } else { selector::DATA_3 }));
        }
        self
    }

    /// Begins in V86 mode: code from the image's first byte on, data and stack in the arena.
    pub fn virtual_8086(&mut self) -> &mut Self {
        self.flags(Eflags::VIRTUAL_8086);
        self.set(Entry::Cs, paragraph(IMAGE));
        for entry in [Entry::Ss, Entry::Ds, Entry::Es, Entry::Fs, Entry::Gs] {
            self.set(entry, paragraph(super::layout::ARENA));
        }
        self.set(Entry::Esp, REAL_STACK);
        self
    }

    /// Begins with this code segment instead of the ring's flat one.
    pub fn code_segment(&mut self, selector: u16) -> &mut Self {
        self.set(Entry::Cs, u32::from(selector));
        self
    }

    /// Begins with this stack.
    pub fn stack(&mut self, selector: u16, pointer: u32) -> &mut Self {
        self.set(Entry::Ss, u32::from(selector));
        self.set(Entry::Esp, pointer);
        self
    }

    /// Begins with this selector in a data segment register.
    pub fn segment(&mut self, register: DataSegment, selector: u16) -> &mut Self {
        let entry = match register {
            DataSegment::Ds => Entry::Ds,
            DataSegment::Es => Entry::Es,
            DataSegment::Fs => Entry::Fs,
            DataSegment::Gs => Entry::Gs,
        };
        self.set(entry, u32::from(selector));
        self
    }

    /// Begins with these flags set, too.
    pub fn flags(&mut self, flags: Eflags) -> &mut Self {
        self.set(Entry::Flags, self.get(Entry::Flags) | flags.bits());
        self
    }

    /// Begins with this I/O privilege level.
    pub fn io_privilege(&mut self, level: u8) -> &mut Self {
        self.flags(Eflags::empty().with_io_privilege_level(level))
    }

    /// Begins with this value in a general register; the others are 0.
    pub fn register(&mut self, register: Register, value: u32) -> &mut Self {
        let entry = match register {
            Register::Eax => Entry::Eax,
            Register::Ecx => Entry::Ecx,
            Register::Edx => Entry::Edx,
            Register::Ebx => Entry::Ebx,
            Register::Ebp => Entry::Ebp,
            Register::Esi => Entry::Esi,
            Register::Edi => Entry::Edi,
        };
        self.set(entry, value);
        self
    }

    /// [`Case::register`] of EAX.
    pub fn eax(&mut self, value: u32) -> &mut Self {
        self.register(Register::Eax, value)
    }

    /// Begins with these bits of CR0 set, too.
    pub fn cr0(&mut self, bits: Cr0) -> &mut Self {
        self.set(Entry::Cr0, self.get(Entry::Cr0) | bits.bits());
        self
    }

    /// Begins with these bits of CR4.
    pub fn cr4(&mut self, bits: Cr4) -> &mut Self {
        self.set(Entry::Cr4, bits.bits());
        self
    }

    /// Begins with this value in DR7.
    pub fn dr7(&mut self, value: u32) -> &mut Self {
        self.set(Entry::Dr7, value);
        self
    }

    /// Records up to `limit` exceptions of a vector and returns from them.
    pub fn trace(&mut self, vector: u8, limit: u32) -> &mut Self {
        self.set(Entry::Traced, u32::from(vector));
        self.set(Entry::TraceLimit, limit);
        self
    }

    /// Puts words into memory before the case begins.
    pub fn words(&mut self, at: u32, words: &[u32]) -> &mut Self {
        self.contents.push((at, words.to_vec()));
        self
    }

    /// Puts a descriptor into the GDT or LDT.
    pub fn descriptor(&mut self, at: u16, contents: Descriptor) -> &mut Self {
        let (low, high) = contents.words();
        self.words(descriptor(at), &[low, high])
    }

    /// Puts a call gate or task gate into the GDT or LDT.
    pub fn gate(&mut self, at: u16, gate: Gate) -> &mut Self {
        self.descriptor(at, gate.descriptor())
    }

    /// Puts a gate into the IDT.
    pub fn vector(&mut self, vector: u8, gate: Gate) -> &mut Self {
        self.vector_contents(vector, gate.descriptor())
    }

    /// Puts any descriptor into the IDT.
    pub fn vector_contents(&mut self, vector: u8, contents: Descriptor) -> &mut Self {
        let (low, high) = contents.words();
        self.words(super::layout::IDT + 8 * u32::from(vector), &[low, high])
    }

    /// Begins with paging on.
    pub fn paging(&mut self) -> &mut Self {
        self.cr0(Cr0::PAGING)
    }

    /// Changes the page-table entry of a linear address below 4 MB; the frame stays the same.
    pub fn page(&mut self, linear: u32, flags: PageEntry) -> &mut Self {
        self.words(page_entry(linear), &[flags.with_frame(linear).bits()])
    }

    /// Adds flat 32-bit code that runs before the case in ring 0, as a subroutine.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn prepare(&mut self, write: impl FnOnce(&mut CodeAssembler) -> Result) -> Result<&mut Self> {
        let at = self.code(|a| {
            write(a)?;
            a.ret()
        })?;
        self.set(Entry::Prepare, at);
        Ok(self)
    }

    /// Adds flat 32-bit code; returns its address.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn code(&mut self, write: impl FnOnce(&mut CodeAssembler) -> Result) -> Result<u32> {
        self.assemble(32, 0, write)
    }

    /// Adds 16-bit code for a segment that begins at [`IMAGE`]; returns its offset.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn code_16(&mut self, write: impl FnOnce(&mut CodeAssembler) -> Result) -> Result<u32> {
        self.assemble(16, IMAGE, write)
    }

    /// Adds bytes; returns their address.
    pub fn bytes(&mut self, bytes: &[u8]) -> u32 {
        let at = self.here();
        self.code.extend_from_slice(bytes);
        at
    }

    /// The instructions to be probed, 32-bit and flat.
    ///
    /// # Errors
    /// If they cannot be encoded.
    pub fn probe(&mut self, write: impl FnOnce(&mut CodeAssembler) -> Result) -> Result {
        let start = self.code(write)?;
        self.finish(start, self.here());
        Ok(())
    }

    /// The instructions to be probed, 16-bit, in a segment that begins at [`IMAGE`]: of ring 0 or 3, or V86.
    ///
    /// # Errors
    /// If they cannot be encoded.
    pub fn probe_16(&mut self, write: impl FnOnce(&mut CodeAssembler) -> Result) -> Result {
        let start = self.code_16(write)?;
        match self.get(Entry::Cs) {
            flat if flat == u32::from(selector::CODE) => self.code_segment(selector::CODE_16),
            flat if flat == u32::from(selector::CODE_3) => self.code_segment(selector::CODE_16_3),
            _ => self,
        };
        self.finish(start, self.here() - IMAGE);
        Ok(())
    }

    fn finish(&mut self, start: u32, end: u32) {
        self.set(Entry::Start, start);
        self.set(Entry::Eip, start);
        self.set(Entry::End, end);
        // UD2.
        self.code.extend_from_slice(&[0x0F, 0x0B]);
        self.probed = true;
    }

    fn assemble(
        &mut self,
        bits: u32,
        base: u32,
        write: impl FnOnce(&mut CodeAssembler) -> Result,
    ) -> Result<u32> {
        let mut assembler = CodeAssembler::new(bits)?;
        write(&mut assembler)?;
        let at = self.here() - base;
        let code = if assembler.instructions().is_empty() {
            Vec::new()
        } else {
            assembler.assemble(u64::from(at))?
        };
        self.code.extend_from_slice(&code);
        Ok(at)
    }
}

/// A gate of this kind to flat or low code, as the offset's width demands.
#[must_use]
pub fn gate(kind: SystemKind, selector: u16, offset: u32, dpl: u8) -> Gate {
    Gate::new(kind, Selector::from_bits(selector), offset, dpl).expect("cases ask for kinds of gates")
}

/// Segment value of real and V86 mode for an address below 1 MB.
const fn paragraph(address: u32) -> u32 {
    address >> 4
}
