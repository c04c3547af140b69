//! The C header of the guest interface, made from crate `guest-abi`.
//!
//! It holds names for numbers and nothing else, so that C and assembly can include it.

use std::fmt::Write;
use std::path::Path;

use guest_abi::call::Extent;
use guest_abi::interrupt::{self, Line};
use guest_abi::segment::Slot;
use guest_abi::shared::{self, Field};
use guest_abi::{CallError, CallNumber, Counter, EndReason, Features, GuestVirtAddr, call, linux};

/// Where it is, relative to `guests/linux`.
pub(super) const PLACE: &str = "overlay/arch/x86/include/asm/scc_guest_abi.h";

const OPENING: &str = "\
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers of the interface between guest and hypervisor. Made from crate guest-abi by `cargo xtask guest header`; what
 * they mean is said there.
 */
#ifndef _ASM_X86_SCC_GUEST_ABI_H
#define _ASM_X86_SCC_GUEST_ABI_H
";
const CLOSING: &str = "\n#endif /* _ASM_X86_SCC_GUEST_ABI_H */\n";

/// The whole header.
pub(super) fn text() -> String {
    let mut header = Header { text: OPENING.to_owned() };
    header.group([("VERSION", guest_abi::VERSION), ("HOLE", guest_abi::HOLE)]);
    header.group([("CALL_VECTOR", call::CALL_VECTOR.into()), ("RETURN_VECTOR", call::RETURN_VECTOR.into())]);
    header.group(CallNumber::ALL.map(|call| (prefixed("CALL", call.name()), call.number())));
    header.group([("CONSOLE_BYTES_MAX", call::CONSOLE_BYTES_MAX), ("TAGS", call::TAGS)]);
    header.group([("WINDOW_BYTES", call::WINDOW_BYTES)]);
    let nowhere = GuestVirtAddr::new(0);
    header.group([
        ("FORGET_EVERYTHING", Extent::Everything.kind()),
        ("FORGET_TAG", Extent::CurrentTag.kind()),
        ("FORGET_RANGE", Extent::Range { first: nowhere, last: nowhere }.kind()),
    ]);
    header.group([
        ("FIRST_ERROR", guest_abi::status::FIRST_ERROR),
        ("ERROR_ADDRESS", CallError::Address.status()),
        ("ERROR_ARGUMENT", CallError::Argument.status()),
        ("ERROR_UNKNOWN", CallError::Unknown.status()),
        ("ERROR_MEMBER", CallError::Member.status()),
    ]);
    header.group([
        ("END_POWER_OFF", EndReason::PowerOff.number()),
        ("END_REBOOT", EndReason::Reboot.number()),
        ("END_PANIC", EndReason::Panic.number()),
    ]);
    header.group(Counter::ALL.map(|counter| (prefixed("COUNTER", counter.name()), counter.number())));
    let features = Features::all().iter_names().collect::<Vec<_>>();
    header.group(features.into_iter().map(|(name, feature)| (prefixed("FEATURE", name), feature.bits())));
    header.group([("FEATURES_LINUX", Features::LINUX.bits())]);
    header.group(Field::ALL.map(|field| (prefixed("SHARED", field.name()), field.offset())));
    header.group([("INTERRUPTS_ON", shared::INTERRUPTS_ON), ("LINES", interrupt::LINES)]);
    header.group([("FIRST_LINE_VECTOR", interrupt::FIRST_LINE_VECTOR.into())]);
    header.group(Line::ALL.map(|line| (prefixed("LINE", line.name()), line.number())));
    header.group(Slot::ALL.map(|slot| (prefixed("SELECTOR", slot.name()), slot.selector().into())));
    header.group([("SUBARCHITECTURE", linux::SUBARCHITECTURE), ("NOTE_TYPE", linux::NOTE_TYPE)]);
    header.text + CLOSING
}

/// Writes the header below `folder`, which is `guests/linux`.
pub(super) fn write(folder: &Path) -> std::io::Result<()> {
    std::fs::write(folder.join(PLACE), text())
}

struct Header {
    text: String,
}

impl Header {
    /// Adds a blank line and a line for each number.
    fn group<N: AsRef<str>>(&mut self, numbers: impl IntoIterator<Item = (N, u32)>) {
        self.text.push('\n');
        for (name, number) in numbers {
            let name = format!("SCC_GUEST_{}", name.as_ref());
            writeln!(self.text, "#define {name:<40} {number:#x}").expect("a string takes every text");
        }
    }
}

fn prefixed(prefix: &str, name: &str) -> String {
    format!("{prefix}_{}", name.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn header_in_the_repository_is_current() {
        let folder = Workspace::locate().expect("a workspace").root().join("guests/linux");
        let found = std::fs::read_to_string(folder.join(PLACE)).expect("the header is there");
        assert!(found == text(), "run `cargo xtask guest header`");
    }

    #[test]
    fn names_are_defined_once() {
        let text = text();
        let mut names: Vec<_> =
            text.lines().filter_map(|line| line.strip_prefix("#define SCC_GUEST_")).collect();
        let count = names.len();
        names.sort_unstable_by_key(|line| line.split(' ').next());
        names.dedup_by_key(|line| line.split(' ').next());
        assert_eq!(names.len(), count);
        assert!(names.iter().any(|line| line.starts_with("CALL_SWITCH ")));
    }
}
