//! The P54C as gdb sees it: names, order and bytes of its registers.
//!
//! gdb's own feature `org.gnu.gdb.i386.core` gives general, segment and x87 registers; control registers follow in a
//! feature of ours. `eip` is the *linear* address of the next instruction, so that breakpoints, symbols and
//! disassembly agree with it in every mode; where the code segment's base is 0 that is EIP itself.
//! Source: gdb manual, "Standard Target Features", i386; order of gdb's 32bit-core.xml.

use gdbstub::arch::{Arch, Registers as GdbRegisters};

/// Bytes of one x87 register.
const EXTENDED: usize = 10;
/// Bytes of the register file on the wire.
const BYTES: usize = (10 + 6 + 8 + 4) * 4 + 8 * EXTENDED;

/// The architecture.
pub(super) enum P54c {}

impl Arch for P54c {
    type Usize = u32;
    type Registers = RegisterFile;
    type BreakpointKind = usize;
    type RegId = ();

    fn target_description_xml() -> Option<&'static str> {
        Some(DESCRIPTION)
    }
}

/// Register values in gdb's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RegisterFile {
    /// EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI.
    pub(super) general: [u32; 8],
    /// Linear address of the next instruction.
    pub(super) eip: u32,
    pub(super) eflags: u32,
    /// CS, SS, DS, ES, FS, GS.
    pub(super) selectors: [u32; 6],
    pub(super) stack: [[u8; EXTENDED]; 8],
    /// Control, status and tag word, code selector and offset, operand selector and offset, opcode.
    pub(super) fpu: [u32; 8],
    /// CR0, CR2, CR3, CR4.
    pub(super) control: [u32; 4],
}

impl RegisterFile {
    fn words_before_stack(&self) -> impl Iterator<Item = u32> {
        self.general.into_iter().chain([self.eip, self.eflags]).chain(self.selectors)
    }

    fn words_after_stack(&self) -> impl Iterator<Item = u32> {
        self.fpu.into_iter().chain(self.control)
    }
}

impl GdbRegisters for RegisterFile {
    type ProgramCounter = u32;

    fn pc(&self) -> u32 {
        self.eip
    }

    fn gdb_serialize(&self, mut write_byte: impl FnMut(Option<u8>)) {
        let before = self.words_before_stack().flat_map(u32::to_le_bytes);
        let after = self.words_after_stack().flat_map(u32::to_le_bytes);
        for byte in before.chain(self.stack.into_iter().flatten()).chain(after) {
            write_byte(Some(byte));
        }
    }

    fn gdb_deserialize(&mut self, bytes: &[u8]) -> Result<(), ()> {
        let bytes: &[u8; BYTES] = bytes.try_into().map_err(|_| ())?;
        let (before, rest) = bytes.split_at(16 * 4);
        let (stack, after) = rest.split_at(8 * EXTENDED);
        let mut words = before.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word));
        let places =
            self.general.iter_mut().chain([&mut self.eip, &mut self.eflags]).chain(&mut self.selectors);
        for (place, word) in places.zip(&mut words) {
            *place = word;
        }
        for (register, bytes) in self.stack.iter_mut().zip(stack.as_chunks::<EXTENDED>().0) {
            *register = *bytes;
        }
        let words = after.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word));
        for (place, word) in self.fpu.iter_mut().chain(&mut self.control).zip(words) {
            *place = word;
        }
        Ok(())
    }
}

const DESCRIPTION: &str = r#"<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
<architecture>i386</architecture>
<feature name="org.gnu.gdb.i386.core">
<flags id="i386_eflags" size="4">
<field name="CF" start="0" end="0"/><field name="" start="1" end="1"/>
<field name="PF" start="2" end="2"/><field name="AF" start="4" end="4"/>
<field name="ZF" start="6" end="6"/><field name="SF" start="7" end="7"/>
<field name="TF" start="8" end="8"/><field name="IF" start="9" end="9"/>
<field name="DF" start="10" end="10"/><field name="OF" start="11" end="11"/>
<field name="NT" start="14" end="14"/><field name="RF" start="16" end="16"/>
<field name="VM" start="17" end="17"/><field name="AC" start="18" end="18"/>
<field name="VIF" start="19" end="19"/><field name="VIP" start="20" end="20"/>
<field name="ID" start="21" end="21"/>
</flags>
<reg name="eax" bitsize="32" type="int32"/><reg name="ecx" bitsize="32" type="int32"/>
<reg name="edx" bitsize="32" type="int32"/><reg name="ebx" bitsize="32" type="int32"/>
<reg name="esp" bitsize="32" type="data_ptr"/><reg name="ebp" bitsize="32" type="data_ptr"/>
<reg name="esi" bitsize="32" type="int32"/><reg name="edi" bitsize="32" type="int32"/>
<reg name="eip" bitsize="32" type="code_ptr"/><reg name="eflags" bitsize="32" type="i386_eflags"/>
<reg name="cs" bitsize="32" type="int32"/><reg name="ss" bitsize="32" type="int32"/>
<reg name="ds" bitsize="32" type="int32"/><reg name="es" bitsize="32" type="int32"/>
<reg name="fs" bitsize="32" type="int32"/><reg name="gs" bitsize="32" type="int32"/>
<reg name="st0" bitsize="80" type="i387_ext"/><reg name="st1" bitsize="80" type="i387_ext"/>
<reg name="st2" bitsize="80" type="i387_ext"/><reg name="st3" bitsize="80" type="i387_ext"/>
<reg name="st4" bitsize="80" type="i387_ext"/><reg name="st5" bitsize="80" type="i387_ext"/>
<reg name="st6" bitsize="80" type="i387_ext"/><reg name="st7" bitsize="80" type="i387_ext"/>
<reg name="fctrl" bitsize="32" type="int" group="float"/><reg name="fstat" bitsize="32" type="int" group="float"/>
<reg name="ftag" bitsize="32" type="int" group="float"/><reg name="fiseg" bitsize="32" type="int" group="float"/>
<reg name="fioff" bitsize="32" type="int" group="float"/><reg name="foseg" bitsize="32" type="int" group="float"/>
<reg name="fooff" bitsize="32" type="int" group="float"/><reg name="fop" bitsize="32" type="int" group="float"/>
</feature>
<feature name="scc.p54c.system">
<reg name="cr0" bitsize="32" type="int" group="system"/><reg name="cr2" bitsize="32" type="int" group="system"/>
<reg name="cr3" bitsize="32" type="int" group="system"/><reg name="cr4" bitsize="32" type="int" group="system"/>
</feature>
</target>
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_on_the_wire_read_back() {
        let file = RegisterFile {
            general: [1, 2, 3, 4, 5, 6, 7, 8],
            eip: 9,
            eflags: 10,
            selectors: [11, 12, 13, 14, 15, 16],
            stack: std::array::from_fn(|index| [u8::try_from(index).unwrap(); EXTENDED]),
            fpu: [17, 18, 19, 20, 21, 22, 23, 24],
            control: [25, 26, 27, 28],
        };
        let mut bytes = Vec::new();
        file.gdb_serialize(|byte| bytes.push(byte.unwrap()));
        assert_eq!(bytes.len(), BYTES);
        assert_eq!(bytes[32..36], [9, 0, 0, 0], "eip is register 8");
        let mut read = RegisterFile::default();
        read.gdb_deserialize(&bytes).unwrap();
        assert_eq!(read, file);
        assert_eq!(read.gdb_deserialize(&bytes[1..]), Err(()));
    }
}
