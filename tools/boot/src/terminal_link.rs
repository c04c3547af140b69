//! The host's end of a core's terminal: types through a page of the core's memory and the host's interrupt, and hears the
//! core's second serial port. Protocol: [`guest_abi::terminal`].

use std::collections::VecDeque;

use guest_abi::terminal::{
    self, MAGIC, MAGIC_OFFSET, Order, PLACE_SYMBOL, TAKEN_OFFSET, TEXT_BYTES, TEXT_OFFSET, TYPED_OFFSET,
};
use scc::address::PhysAddr;
use scc::fpga::FpgaRegister;
use scc::gic::{GicRegister, Word};
use scc::host::Uart;
use scc::id::CoreId;
use scc_emu::{HostAccessError, Machine};
use scc_image::KernelFile;

/// A core's terminal. What is typed waits here until the kernel takes it.
#[derive(Debug, Clone)]
pub struct TerminalLink {
    core: CoreId,
    page: PhysAddr,
    waiting: VecDeque<u8>,
    heard: usize,
}

impl TerminalLink {
    /// The terminal of a core that runs `kernel`; `None` if that kernel has none.
    pub fn new(kernel: &KernelFile, core: CoreId) -> Option<Self> {
        let page = page(kernel)?;
        Some(Self { core, page, waiting: VecDeque::new(), heard: 0 })
    }

    /// The core.
    pub const fn core(&self) -> CoreId {
        self.core
    }

    /// Attaches the terminal to a guest of the core's list, or to none, when what was typed before has been taken.
    ///
    /// # Panics
    /// If no list has so many guests.
    pub fn attach(&mut self, guest: Option<u8>) {
        self.waiting.extend(terminal::attach(guest));
    }

    /// Types text for the attached guest.
    pub fn send(&mut self, text: &[u8]) {
        self.waiting.extend(terminal::text(text));
    }

    /// Gives an order about a guest of the core's list, when what was typed before has been taken.
    ///
    /// # Panics
    /// If no list has so many guests.
    pub fn order(&mut self, order: Order, guest: u8) {
        self.waiting.extend(terminal::order(order, guest));
    }

    /// Hands the kernel as much of what was typed as it has room for, and says whether that was anything. To be called
    /// between steps of the machine; does nothing before the kernel is ready.
    ///
    /// # Errors
    /// [`HostAccessError`] if the page is no memory of the core.
    pub fn pump(&mut self, machine: &mut Machine) -> Result<bool, HostAccessError> {
        if self.waiting.is_empty() || self.word(machine, MAGIC_OFFSET)? != MAGIC {
            return Ok(false);
        }
        let (taken, typed) = (self.word(machine, TAKEN_OFFSET)?, self.word(machine, TYPED_OFFSET)?);
        let room = TEXT_BYTES.saturating_sub(typed.wrapping_sub(taken));
        let mut now = typed;
        for byte in self.waiting.drain(..self.waiting.len().min(room as usize)) {
            let place = self.page.wrapping_add(TEXT_OFFSET + now % TEXT_BYTES);
            machine.write_core_memory(self.core, place, &[byte])?;
            now = now.wrapping_add(1);
        }
        if now != typed {
            machine.write_core_memory(self.core, self.page.wrapping_add(TYPED_OFFSET), &now.to_le_bytes())?;
            ring(machine, self.core);
        }
        Ok(now != typed)
    }

    /// What the core has written to its terminal since the last call.
    pub fn hear<'a>(&mut self, machine: &'a Machine) -> &'a [u8] {
        let all = machine.console(self.core, Uart::Com2);
        let new = all.get(self.heard..).unwrap_or_default();
        self.heard = all.len();
        new
    }

    fn word(&self, machine: &Machine, offset: u32) -> Result<u32, HostAccessError> {
        let mut word = [0; 4];
        machine.read_core_memory(self.core, self.page.wrapping_add(offset), &mut word)?;
        Ok(u32::from_le_bytes(word))
    }
}

/// Forgets that the kernel of a core was ready: for a core whose memory is filled for a new start.
///
/// # Errors
/// [`HostAccessError`] if the page is no memory of the core.
pub fn forget(kernel: &KernelFile, machine: &mut Machine, core: CoreId) -> Result<(), HostAccessError> {
    match page(kernel) {
        Some(page) => machine.write_core_memory(core, page.wrapping_add(MAGIC_OFFSET), &[0; 4]),
        None => Ok(()),
    }
}

fn page(kernel: &KernelFile) -> Option<PhysAddr> {
    kernel.symbol(PLACE_SYMBOL).map(|place| kernel.physical(place))
}

/// Raises the host's interrupt at a core.
fn ring(machine: &mut Machine, core: CoreId) {
    let bit = 1 << core.number();
    let word = if Word::Low.of(bit) != 0 { Word::Low } else { Word::High };
    let register = FpgaRegister::Gic(GicRegister::HostRequest(word));
    let now = machine.time();
    machine
        .fabric_mut()
        .host_write_fpga(register.offset(), word.of(bit), now)
        .expect("the register bank of the FPGA has this register");
}
