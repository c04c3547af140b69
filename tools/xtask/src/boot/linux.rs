//! Linux as the guest of a boot that names none.

use std::io::{self, IsTerminal};

use super::BootArguments;
use crate::guest::{self, GuestError};
use crate::workspace::Workspace;

/// Memory of Linux in MB, unless said.
const MEGABYTES: u32 = 32;
/// Words for Linux, unless said.
const COMMAND_LINE: &str = "console=hvc0 quiet panic=-1";

/// Builds Linux, or finds it built, and makes it the guest. Where nobody can type, its session is the run.
pub(super) fn add(workspace: &Workspace, arguments: &mut BootArguments) -> Result<(), Box<GuestError>> {
    eprintln!("boot: building Linux; the first time takes minutes and fetches 160 MB");
    let linux = guest::for_hypervisor(workspace)?;
    let board = &mut arguments.board;
    board.guests.push(linux.kernel);
    board.guest_files.get_or_insert(linux.files);
    board.guest_memory.get_or_insert(MEGABYTES);
    if board.guest_command_line.is_empty() {
        COMMAND_LINE.clone_into(&mut board.guest_command_line);
    }
    let is_attended = !board.plain && io::stdin().is_terminal() && io::stdout().is_terminal();
    if !is_attended && board.gdb.is_none() {
        board.session.get_or_insert(linux.session);
    }
    Ok(())
}
