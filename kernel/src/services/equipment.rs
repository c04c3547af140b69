//! What this core has for services of crate `service`: its console, and a disk to lend.

use alloc::boxed::Box;
use alloc::string::String;
use core::task::{Context, Poll};

use guest_abi::list::GuestList;
use scc::id::CoreId;
use service::Plan;
use service::block::{ReadOnlyImage, Sectors};
use service::console::{Console, TypedLines};
use service::registry::ServiceId;

use crate::console::print;
use crate::hypervisor::ram::Ram;
use crate::hypervisor::vdev::block::RamDisk;
use crate::mm::kernel_space;
use crate::platform::machine;

/// Bytes of the disk that a core lends if none came with it.
const RAM_DISK_BYTES: u32 = 4 << 20;

/// The core's console: lines go where those of the kernel go, and come from its terminal while that is attached to no guest.
#[derive(Default)]
pub struct OwnConsole {
    /// What is typed.
    pub typed: TypedLines,
}

impl Console for OwnConsole {
    fn write(&self, from: CoreId, text: &str) {
        print(format_args!("console {from:02}: {}", Shown(text)));
    }

    fn poll_typed(&self, context: &Context<'_>) -> Poll<String> {
        self.typed.poll_line(context)
    }
}

/// Text with a dot for whatever a terminal would take for a command.
struct Shown<'t>(&'t str);

impl core::fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let shown = |letter: char| if letter.is_control() { '.' } else { letter };
        self.0.chars().try_for_each(|letter| core::fmt::Write::write_char(formatter, shown(letter)))
    }
}

/// The disk that this core lends: the one that came with its guests, else memory. None if `plan` has no service that would.
pub(super) fn disk(plan: &Plan) -> Option<&'static dyn Sectors> {
    let block = ServiceId::named("block").expect("one of the services that ship");
    if !plan.cores_of(block).contains(machine::identity::core()) {
        return None;
    }
    let list = kernel_space::guests().and_then(|bytes| GuestList::parse(bytes).ok());
    match list.map(GuestList::disk) {
        Some(Ok(image)) if !image.is_empty() => Some(Box::leak(Box::new(ReadOnlyImage::new(image)))),
        Some(Err(error)) => {
            log::error!(target: "block", "no disk: {error}");
            None
        }
        _ => match Ram::new(RAM_DISK_BYTES) {
            Ok(memory) => Some(Box::leak(Box::new(RamDisk::new(memory)))),
            Err(error) => {
                log::error!(target: "block", "no disk: {error}");
                None
            }
        },
    }
}
