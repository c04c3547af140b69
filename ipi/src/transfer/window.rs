//! One-sided access to the window of a core: 512 bytes that any core reads and writes.
//!
//! The owner is not told. Who may write what when, is agreed by other means, a barrier for example.

use scc::id::CoreId;

use crate::layout::{LINE, WINDOW_BYTES, window};
use crate::mesh::{Invalidate, Mesh, MpbAddress, Push};

/// A range that is not within the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{length} bytes at {offset} are not within a window of 512")]
pub struct WindowError {
    /// First byte.
    pub offset: usize,
    /// Bytes.
    pub length: usize,
}

/// Writes bytes into the window of `owner`; they are there when it returns. One transaction per line, several
/// for incomplete ones.
pub fn put(mesh: &impl Mesh, owner: CoreId, offset: usize, bytes: &[u8]) -> Result<(), WindowError> {
    check(offset, bytes.len())?;
    mesh.invalidate(Invalidate::WindowWrite);
    let (mut at, mut rest) = (offset, bytes);
    while !rest.is_empty() {
        let (address, length) = piece(owner, at, rest.len());
        let (now, later) = rest.split_at(length);
        mesh.write(address, now);
        (at, rest) = (at + length, later);
    }
    mesh.push(Push::Window);
    Ok(())
}

/// Reads bytes from the window of `owner` as they are now. One transaction per line.
pub fn get(mesh: &impl Mesh, owner: CoreId, offset: usize, bytes: &mut [u8]) -> Result<(), WindowError> {
    check(offset, bytes.len())?;
    mesh.invalidate(Invalidate::WindowRead);
    let (mut at, mut rest) = (offset, bytes);
    while !rest.is_empty() {
        let (address, length) = piece(owner, at, rest.len());
        let (now, later) = rest.split_at_mut(length);
        mesh.read(address, now);
        (at, rest) = (at + length, later);
    }
    Ok(())
}

fn check(offset: usize, length: usize) -> Result<(), WindowError> {
    let is_within = offset.checked_add(length).is_some_and(|end| end <= WINDOW_BYTES);
    if is_within { Ok(()) } else { Err(WindowError { offset, length }) }
}

/// Address of a byte of the window, and how many of `wanted` bytes lie in its line.
fn piece(owner: CoreId, offset: usize, wanted: usize) -> (MpbAddress, usize) {
    let address = window(owner, offset).expect("the range was checked");
    (address, wanted.min(LINE - address.offset_in_line()))
}
