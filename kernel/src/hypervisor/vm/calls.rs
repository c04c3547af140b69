//! Hypercalls: what the numbers of [`guest_abi::call`] do.

use core::task::Context;

use guest_abi::call::{Interrupts, Registers, Text};
use guest_abi::interrupt::Line;
use guest_abi::segment::THREAD_SLOTS;
use guest_abi::shared::Field;
use guest_abi::{Call, CallError, CallNumber, GuestPhysAddr, GuestVirtAddr, status};
use i586::segment::{Descriptor, Selector};

use super::{End, Next, SharedPage, Vm};
use crate::arch::i586::ring_switch::Word;
use crate::hypervisor::delivery::InterruptFlag;
use crate::hypervisor::linear::Words;
use crate::platform::machine::clocks;
use crate::time_of_day;

const NANOSECONDS_PER_MILLISECOND: u64 = 1_000_000;
/// Bits of a counter that [`Call::Count`] gives: more could be an error.
const COUNT_MASK: u32 = u32::MAX >> 1;

impl Vm {
    #[inline]
    pub(super) fn serve_call(&mut self, context: &mut Context<'_>) -> Result<Next, End> {
        // The most frequent of all that wait for nothing. What is pending is delivered on the way back.
        if self.vcpu.registers.get(Word::Eax) == CallNumber::Deliver.number() {
            self.vcpu.registers.set(Word::Eax, status::status(Ok(0)));
            return Ok(Next::Resume);
        }
        let words: Registers =
            [Word::Eax, Word::Ebx, Word::Ecx, Word::Edx].map(|word| self.vcpu.registers.get(word));
        let mut next = Next::Resume;
        let result = match Call::decode(words) {
            Ok(Call::End { reason, detail }) => return Err(End::Asked { reason, detail }),
            Ok(Call::Halt { interrupts }) => {
                if interrupts == Interrupts::On {
                    self.shared.set_interrupt_flag(InterruptFlag::On);
                }
                next = Next::Wait;
                Ok(0)
            }
            Ok(call) => match self.group.as_ref().filter(|_| call.is_of_group()) {
                Some(group) => {
                    self.answer = Some(group.serve(call, &self.ram));
                    return Ok(Next::WaitForAnswer);
                }
                None => self.call(call, context),
            },
            Err(error) => Err(error),
        };
        self.vcpu.registers.set(Word::Eax, status::status(result));
        Ok(next)
    }

    /// Calls that neither wait nor end the guest.
    fn call(&mut self, call: Call, context: &mut Context<'_>) -> Result<u32, CallError> {
        match call {
            Call::Interface { version: guest_abi::VERSION } => return Ok(self.features.bits()),
            Call::Interface { .. } => return Err(CallError::Argument),
            Call::ConsoleWrite(text) => {
                return self.console.write(&self.ram, text).map_err(|_| CallError::Address);
            }
            Call::ConsoleRead(text) => return self.read_console(text),
            Call::SetTimer { nanoseconds } => self.set_timer(nanoseconds, context),
            Call::Take => {
                let taken = self.pending;
                self.set_pending(0);
                return Ok(taken);
            }
            Call::Share { page } => self.share(page)?,
            Call::ReturnWindow { first, end } => self.return_window = first.number()..end.number(),
            Call::SystemCallEntry { address } => {
                self.vcpu.registers.change_tables(|tables| tables.system_call = Some(address.number()));
            }
            Call::KernelStack { top } => {
                self.vcpu.registers.change_tables(|tables| tables.kernel_stack = top.number());
            }
            Call::ThreadSegments { descriptors } => self.set_thread_segments(descriptors)?,
            Call::Switch { table, tag, memory } => {
                self.control.set_cr3(table.number());
                self.shadow.switch(tag, memory);
            }
            Call::Forget(extent) => self.shadow.forget(extent),
            Call::Count(counter) => return Ok(self.counts.get(counter) & COUNT_MASK),
            Call::End { .. }
            | Call::Halt { .. }
            | Call::Deliver
            | Call::Group
            | Call::Put { .. }
            | Call::Get { .. }
            | Call::Send { .. }
            | Call::Receive { .. }
            | Call::Barrier => return Err(CallError::Unknown),
        }
        Ok(0)
    }

    /// Hands typed text to the guest. What is left makes the line pending again.
    fn read_console(&mut self, text: Text) -> Result<u32, CallError> {
        let length = self.console.read(&self.ram, text).map_err(|_| CallError::Address)?;
        if self.terminal.typed.take_arrival() {
            self.raise(Line::Console);
        }
        Ok(length)
    }

    /// Moves the shared page and writes its words.
    pub(super) fn share(&mut self, page: GuestPhysAddr) -> Result<(), CallError> {
        let flag = self.shared.interrupt_flag();
        self.shared = SharedPage::at(&self.ram, page).ok_or(CallError::Address)?;
        for (field, word) in [
            (Field::InterruptFlag, flag.word()),
            (Field::Pending, self.pending),
            (Field::FaultAddress, self.control.cr2),
            (Field::TimeStampKilohertz, clocks::cycles_per_millisecond()),
            (Field::Features, self.features.bits()),
            (Field::EpochSeconds, time_of_day::start_seconds()),
        ] {
            self.shared.set(field, word);
        }
        Ok(())
    }

    fn set_timer(&mut self, nanoseconds: u64, context: &mut Context<'_>) {
        if nanoseconds == 0 {
            return self.timer.stop();
        }
        let (whole, rest) =
            (nanoseconds / NANOSECONDS_PER_MILLISECOND, nanoseconds % NANOSECONDS_PER_MILLISECOND);
        let rate = u64::from(clocks::cycles_per_millisecond());
        self.timer.set(whole.saturating_mul(rate).saturating_add(rest * rate / NANOSECONDS_PER_MILLISECOND));
        // From now on the task is woken at the deadline.
        self.look_at_timer(context);
    }

    fn set_thread_segments(&mut self, place: GuestVirtAddr) -> Result<(), CallError> {
        let words: [u32; 2 * THREAD_SLOTS.len()] =
            self.with_linear(|linear| linear.words(place)).map_err(|_| CallError::Address)?;
        let mut threads = [Descriptor::NULL; THREAD_SLOTS.len()];
        for (slot, pair) in threads.iter_mut().zip(words.as_chunks().0) {
            let [low, high] = *pair;
            *slot = thread_segment(Descriptor::from_words(low, high)).ok_or(CallError::Argument)?;
        }
        self.vcpu.registers.change_tables(|tables| tables.threads = threads);
        // What is still loaded must be loadable on the way back.
        for word in [Word::Ds, Word::Es, Word::Fs, Word::Gs] {
            let [low, high, ..] = self.vcpu.registers.get(word).to_le_bytes();
            let index = Selector::from_bits(u16::from_le_bytes([low, high])).index();
            let slot = THREAD_SLOTS.iter().position(|slot| *slot == index);
            if slot.is_some_and(|slot| !threads[slot].present()) {
                self.vcpu.registers.set(word, 0);
            }
        }
        Ok(())
    }
}

/// What a slot of threads may hold: data of ring 3, or nothing. Its accessed bit is set, so that the processor need not.
fn thread_segment(descriptor: Descriptor) -> Option<Descriptor> {
    if !descriptor.present() {
        return Some(Descriptor::NULL);
    }
    (descriptor.is_data() && descriptor.dpl() == 3).then(|| descriptor.with_accessed())
}
