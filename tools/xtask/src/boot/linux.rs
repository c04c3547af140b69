//! Linux as the guest of a boot that names none.

use std::io::{self, IsTerminal};

use scc_image::CoreList;

use super::{BootArguments, Typist};
use crate::board_arguments::GuestCores;
use crate::guest::{self, GuestError};
use crate::workspace::Workspace;

/// Builds Linux, or finds it built, and makes it the guest. Where the user is to type and cannot, its session is the run.
pub(super) fn add(
    workspace: &Workspace,
    arguments: &mut BootArguments,
    typist: Typist,
) -> Result<(), Box<GuestError>> {
    eprintln!("boot: building Linux; the first time takes minutes and fetches 160 MB");
    let linux = guest::for_hypervisor(workspace)?;
    let board = &mut arguments.board;
    board.guests.push(linux.kernel);
    board.guest_files.get_or_insert(linux.files);
    board.guest_memory.get_or_insert(guest::MEGABYTES);
    if board.guest_scratch == 0 {
        board.guest_scratch = guest::SCRATCH_MEGABYTES;
    }
    if board.guest_command_line.is_empty() {
        board.guest_command_line = command_line(&board.cores, board.guest_cores);
    }
    let is_attended = !board.plain && io::stdin().is_terminal() && io::stdout().is_terminal();
    let has_session = match typist {
        Typist::User => !is_attended && board.gdb.is_none(),
        Typist::Session => true,
        Typist::Nobody => false,
    };
    if has_session {
        board.session.get_or_insert(linux.session);
    }
    Ok(())
}

/// Words for Linux on `cores`: the devices, and in the shell's environment the address of the guest that is farthest by
/// number from the first, if there is another one. `guests/linux/user/init` says how addresses follow from cores.
fn command_line(cores: &CoreList, guest_cores: Option<GuestCores>) -> String {
    let count = match guest_cores {
        Some(GuestCores::All) => cores.count(),
        Some(GuestCores::Lowest(count)) => count,
        None => 1,
    };
    let last = cores.lowest(count).iter().skip(1).last();
    let peer = last.map(|core| format!(" peer=10.48.{}.1", core.number()));
    guest::command_line() + &peer.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_are_told_of_another_one_if_there_is_one() {
        let line = |cores: &str, guests| command_line(&cores.parse().expect("cores"), Some(guests));
        assert!(line("3,7-9", GuestCores::Lowest(2)).ends_with(":5 peer=10.48.7.1"));
        assert!(line("0-47", GuestCores::All).ends_with(":5 peer=10.48.47.1"));
        assert!(line("3,7-9", GuestCores::Lowest(1)).ends_with("virtio_mmio.device=4K@0x40003000:5"));
        assert!(!line("3", GuestCores::All).contains("peer"));
    }
}
