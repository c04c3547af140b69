//! What one core is loaded with.

use super::boot::{self, RETURN_VECTOR};
use super::code::{Code, Result, address_of};
use super::layout::{self, word};
use super::page_map::PageMap;
use i586::control::{Cr0, Cr4};
use iced_x86::code_asm::{
    CodeLabel, ax, byte_ptr, cr0, cr2, cr3, cr4, ds, dword_ptr, eax, es, esp, fs, gs, ptr, ss,
};
use scc::address::PhysAddr;
use scc::map;
use scc::memory_type::MemoryType;

/// What the boot code switches on before the body begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Flat protected mode; paging and caches off: every access reaches the mesh.
    Flat,
    /// Paging with CR4.MPE; caches off.
    Paged,
    /// Paging with CR4.MPE; caches on.
    Cached,
}

/// A guest program and the memory it comes with.
#[derive(Debug, Clone)]
pub struct Program {
    image: Vec<(PhysAddr, Vec<u8>)>,
}

/// A program in the making: what must be known before its body is assembled.
pub struct Draft {
    setting: Setting,
    code: Code,
    pages: PageMap,
    body: CodeLabel,
    handlers: Vec<(u8, CodeLabel)>,
    data: Vec<(PhysAddr, Vec<u8>)>,
}

impl Program {
    /// Begins a program that runs under `setting` with the standard page map.
    #[must_use]
    pub fn draft(setting: Setting) -> Draft {
        Draft::new(setting).expect("the boot code is made of valid instructions")
    }

    /// A program of `body` alone.
    #[must_use]
    pub fn with_body(setting: Setting, body: impl FnOnce(&mut Code) -> Result) -> Program {
        Program::draft(setting).body(body)
    }

    /// Runs of bytes at core-physical addresses.
    pub fn image(&self) -> impl Iterator<Item = (PhysAddr, &[u8])> {
        self.image.iter().map(|(at, bytes)| (*at, bytes.as_slice()))
    }
}

impl Draft {
    fn new(setting: Setting) -> Result<Self> {
        let mut code = Code::new()?;
        let body = code.create_label();
        let mut draft =
            Draft { setting, code, pages: PageMap::standard(), body, handlers: Vec::new(), data: Vec::new() };
        draft.enter()?;
        draft.fault_handlers()?;
        draft.return_from_user()?;
        Ok(draft)
    }

    /// Maps `count` pages from `linear` on to memory from `physical` on.
    #[must_use]
    pub fn map(mut self, linear: u32, physical: PhysAddr, count: u32, memory: MemoryType) -> Self {
        self.pages.map(linear, physical, count, memory);
        self
    }

    /// Puts `bytes` at a core-physical address before the core starts.
    #[must_use]
    pub fn data(mut self, at: u32, bytes: &[u8]) -> Self {
        self.data.push((PhysAddr::new(at), bytes.to_vec()));
        self
    }

    /// Makes `handler` the interrupt gate of `vector`. It must keep all registers and end in IRET, or in
    /// [`Code::end_interrupt`].
    #[must_use]
    pub fn interrupt(mut self, vector: u8, handler: impl FnOnce(&mut Code) -> Result) -> Self {
        let label = self.code.here().and_then(|label| handler(&mut self.code).map(|()| label));
        self.handlers.push((vector, label.expect("handlers are made of valid instructions")));
        self
    }

    /// Makes interrupts of `vector` count in result `slot`.
    #[must_use]
    pub fn count_interrupts(self, vector: u8, slot: u32) -> Self {
        self.interrupt(vector, |code| {
            code.inc(dword_ptr(layout::result(slot)))?;
            code.end_interrupt()
        })
    }

    /// Adds the body and finishes the program; `cli; hlt` follows it.
    #[must_use]
    pub fn body(mut self, body: impl FnOnce(&mut Code) -> Result) -> Program {
        self.finish(body).expect("programs are made of valid instructions")
    }

    fn finish(&mut self, body: impl FnOnce(&mut Code) -> Result) -> Result<Program> {
        let mut start = self.body;
        self.code.set_label(&mut start)?;
        body(&mut self.code)?;
        stop(&mut self.code)?;
        let (bytes, assembled) = self.code.encode()?;
        let mut image: Vec<(u32, Vec<u8>)> = vec![(layout::CODE, bytes)];
        for (vector, label) in &self.handlers {
            let handler = address_of(&assembled, label)?;
            let dpl = if *vector == RETURN_VECTOR { 3 } else { 0 };
            image.push(boot::interrupt_gate(*vector, handler, dpl));
        }
        image.extend(boot::tables());
        if self.setting != Setting::Flat {
            image.extend(self.pages.tables());
        }
        let mut image: Vec<_> = image.into_iter().map(|(at, bytes)| (PhysAddr::new(at), bytes)).collect();
        image.push((boot::STUB, boot::stub()?));
        image.push((map::RESET_VECTOR, boot::reset_vector()));
        image.append(&mut self.data);
        Ok(Program { image })
    }

    /// The first 32-bit instructions: segments, stack, tables, paging, caches.
    fn enter(&mut self) -> Result {
        let setting = self.setting;
        let code = &mut self.code;
        code.mov(ax, u32::from(layout::DATA_SELECTOR))?;
        for segment in [ds, es, ss, fs, gs] {
            code.mov(segment, ax)?;
        }
        code.mov(esp, layout::STACK)?;
        code.lidt(ptr(boot::IDT_OPERAND))?;
        // After INIT the descriptor is still busy from the first time.
        code.mov(byte_ptr(boot::TASK_ACCESS), u32::from(boot::TASK_AVAILABLE))?;
        code.mov(ax, u32::from(layout::TASK_SELECTOR))?;
        code.ltr(ax)?;
        if setting != Setting::Flat {
            code.mov(eax, Cr4::MESSAGE_PASSING.bits())?;
            code.mov(cr4, eax)?;
            code.mov(eax, layout::PAGE_DIRECTORY)?;
            code.mov(cr3, eax)?;
        }
        code.mov(eax, cr0)?;
        code.or(eax, (Cr0::NUMERIC_ERROR | Cr0::WRITE_PROTECT).bits())?;
        if setting != Setting::Flat {
            code.or(eax, Cr0::PAGING.bits())?;
        }
        if setting == Setting::Cached {
            code.and(eax, !(Cr0::CACHE_DISABLE | Cr0::NOT_WRITE_THROUGH).bits())?;
        }
        code.mov(cr0, eax)?;
        code.jmp(self.body)
    }

    /// Handlers of all exceptions: record, then go on where [`Code::attempt`] says, or stop.
    fn fault_handlers(&mut self) -> Result {
        let mut common = self.code.create_label();
        for vector in 0..32u8 {
            let label = self.code.here()?;
            if !matches!(vector, 8 | 10..=14 | 17) {
                self.code.push(0u32)?;
            }
            self.code.push(u32::from(vector))?;
            self.code.jmp(common)?;
            self.handlers.push((vector, label));
        }
        let code = &mut self.code;
        let mut unexpected = code.create_label();
        code.set_label(&mut common)?;
        code.push(eax)?;
        for (offset, word) in [(4, word::FAULT_VECTOR), (8, word::FAULT_CODE), (12, word::FAULT_EIP)] {
            code.mov(eax, dword_ptr(esp + offset))?;
            code.mov(dword_ptr(word), eax)?;
        }
        code.mov(eax, cr2)?;
        code.mov(dword_ptr(word::FAULT_ADDRESS), eax)?;
        code.mov(eax, dword_ptr(word::RECOVERY))?;
        code.test(eax, eax)?;
        code.jz(unexpected)?;
        code.mov(dword_ptr(esp + 12), eax)?;
        code.pop(eax)?;
        code.add(esp, 8)?;
        code.iretd()?;
        code.set_label(&mut unexpected)?;
        code.write(word::DIED, 1)?;
        stop(code)
    }

    /// The way back from CPL 3.
    fn return_from_user(&mut self) -> Result {
        let label = self.code.here()?;
        self.handlers.push((RETURN_VECTOR, label));
        self.code.mov(esp, dword_ptr(word::USER_RETURN_STACK))?;
        self.code.jmp(dword_ptr(word::USER_RETURN))
    }
}

/// Halts for good.
fn stop(code: &mut Code) -> Result {
    code.cli()?;
    let top = code.here()?;
    code.hlt()?;
    code.jmp(top)
}
