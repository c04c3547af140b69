//! Groups of guests on different cores, over crate `ipi`: windows, messages, a barrier.
//!
//! The first guest of each of the kernel's `cores` is a member; members are numbered by ascending cores. A member's window is
//! the window of its core, see [`ipi::transfer`]. A message goes in pieces of [`PIECE_BYTES`], because the guest's memory is
//! only ever copied, so the kernel spends that much memory on a call and no more. What a call waits for leaves the guest's
//! task not ready.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::Cell;
use core::pin::Pin;

use guest_abi::call::{Bytes, WINDOW_BYTES, WindowPlace};
use guest_abi::{Call, CallError, GuestPhysAddr};
use ipi::barrier::FlagBarrier;
use ipi::group::{Group, GroupError};
use ipi::layout::{self, BarrierId};
use ipi::mailbox::Mode;
use ipi::mesh::{Deadline, Mesh as _};
use ipi::transfer::{ReceiveError, TransferError, get, put};
use ipi::wire::Tag;
use scc::id::CoreId;

use super::guest_memory::{GuestMemory, pieces};
use super::ram::Ram;
use crate::command_line::Cores;
use crate::services::Services;

/// Bytes of a message that travel together.
const PIECE_BYTES: usize = 16 << 10;
/// Tag of the messages of guests.
const TAG: Tag = Tag(0x4000);
/// Barrier of the guests.
const BARRIER: BarrierId = BarrierId::new(4).expect("barriers are 0 to 4");

const _: () = assert!(WINDOW_BYTES as usize == layout::WINDOW_BYTES);

/// The answer to a call that takes waiting.
pub type Answer = Pin<Box<dyn Future<Output = Result<u32, CallError>>>>;

/// A guest's place in a group. Task context.
#[derive(Clone)]
pub struct Membership(Rc<Member>);

struct Member {
    services: Services,
    group: Group,
    rank: usize,
    barrier: Cell<FlagBarrier>,
    /// Where pieces of messages lie on their way.
    piece: Cell<Vec<u8>>,
}

impl Membership {
    /// The place of this core's guest in the group of those of `cores`.
    ///
    /// # Errors
    /// [`GroupError`] if this core is not one of them.
    pub fn new(services: Services, cores: Cores) -> Result<Self, GroupError> {
        let members: Vec<_> = cores.iter().collect();
        let group = Group::new(&members)?;
        let rank = group.rank_of(services.mailbox.mesh().core())?;
        let barrier = Cell::new(FlagBarrier::new(group, BARRIER, 1, Mode::Interrupt));
        let piece = Cell::new(Vec::with_capacity(PIECE_BYTES));
        Ok(Self(Rc::new(Member { services, group, rank, barrier, piece })))
    }

    /// Serves a call of the group; [`CallError::Unknown`] if it is none.
    ///
    /// # Cancel safety
    /// Dropped, the call is given up: a peer that waits for the rest of a message fails.
    #[must_use]
    pub fn serve(&self, call: Call, memory: &Ram) -> Answer {
        let (member, memory) = (Rc::clone(&self.0), memory.clone());
        match call {
            Call::Group => Box::pin(async move { Ok(member.number()) }),
            Call::Put { from, to } => Box::pin(async move { member.put(&memory, from, to).await }),
            Call::Get { to, from } => Box::pin(async move { member.get(&memory, from, to).await }),
            Call::Send { message, to } => Box::pin(async move { member.send(&memory, message, to).await }),
            Call::Receive { message, from } => {
                Box::pin(async move { member.receive(&memory, message, from).await })
            }
            Call::Barrier => Box::pin(async move { member.wait_for_all().await }),
            _ => Box::pin(core::future::ready(Err(CallError::Unknown))),
        }
    }
}

impl Member {
    /// The own rank, and behind it the number of members.
    fn number(&self) -> u32 {
        let [rank, size] = [self.rank, self.group.size()].map(|number| u32::try_from(number).unwrap_or(0));
        size << 8 | rank
    }

    fn core_of(&self, member: u32) -> Result<CoreId, CallError> {
        let member = usize::try_from(member).map_err(|_| CallError::Argument)?;
        self.group.members().get(member).copied().ok_or(CallError::Argument)
    }

    /// Waits until the core of a member has begun its life, which clears its window.
    async fn meet(&self, member: u16) -> Result<CoreId, CallError> {
        let core = self.core_of(member.into())?;
        let mailbox = self.services.mailbox;
        if core != mailbox.mesh().core() {
            mailbox.meet(core, Deadline::Never).await.map_err(|_| CallError::Member)?;
        }
        Ok(core)
    }

    async fn put(&self, memory: &Ram, from: Bytes, to: WindowPlace) -> Result<u32, CallError> {
        let core = self.meet(to.member).await?;
        let mut window = [0; WINDOW_BYTES as usize];
        let bytes = &mut window[..from.bytes as usize];
        memory.read(from.address, bytes).map_err(|_| CallError::Address)?;
        let mesh = self.services.mailbox.mesh();
        put(mesh, core, to.offset.into(), bytes).map_err(|_| CallError::Argument)?;
        Ok(0)
    }

    async fn get(&self, memory: &Ram, from: WindowPlace, to: Bytes) -> Result<u32, CallError> {
        let core = self.meet(from.member).await?;
        let mut window = [0; WINDOW_BYTES as usize];
        let bytes = &mut window[..to.bytes as usize];
        let mesh = self.services.mailbox.mesh();
        get(mesh, core, from.offset.into(), bytes).map_err(|_| CallError::Argument)?;
        memory.write(to.address, bytes).map_err(|_| CallError::Address)?;
        Ok(0)
    }

    async fn send(&self, memory: &Ram, message: Bytes, to: u32) -> Result<u32, CallError> {
        let core = self.core_of(to)?;
        memory.check(message.address, message.bytes).map_err(|_| CallError::Address)?;
        let mut piece = self.piece.take();
        for (address, length) in places(message) {
            piece.resize(length, 0);
            memory.read(address, &mut piece).map_err(|_| CallError::Address)?;
            let sent = self.services.transfers.send(core, TAG, &piece, Deadline::Never).await;
            sent.map_err(|error| match error {
                TransferError::Offer(_) | TransferError::Peer(_) => CallError::Member,
                TransferError::Declined | TransferError::ToItself | TransferError::TooLong(_) => {
                    CallError::Argument
                }
            })?;
        }
        self.piece.set(piece);
        Ok(0)
    }

    async fn receive(&self, memory: &Ram, message: Bytes, from: u32) -> Result<u32, CallError> {
        let core = self.core_of(from)?;
        memory.check(message.address, message.bytes).map_err(|_| CallError::Address)?;
        let mut piece = self.piece.take();
        for (address, length) in places(message) {
            piece.resize(length, 0);
            let received = self.services.transfers.recv(core, TAG, &mut piece, Deadline::Never).await;
            let received = received.map_err(|error| match error {
                ReceiveError::Peer(_) | ReceiveError::Accept(_) | ReceiveError::GivenUp => CallError::Member,
                ReceiveError::FromItself | ReceiveError::TooLong(_) => CallError::Argument,
            })?;
            if received != length {
                return Err(CallError::Argument);
            }
            memory.write(address, &piece).map_err(|_| CallError::Address)?;
        }
        self.piece.set(piece);
        Ok(0)
    }

    async fn wait_for_all(&self) -> Result<u32, CallError> {
        let mut barrier = self.barrier.get();
        let passed = barrier.wait(self.services.mailbox, Deadline::Never).await;
        self.barrier.set(barrier);
        passed.map(|()| 0).map_err(|_| CallError::Member)
    }
}

/// Places and lengths of the pieces of a message, at least one. The message was checked to lie in the guest's memory.
fn places(message: Bytes) -> impl Iterator<Item = (GuestPhysAddr, usize)> {
    let empty = (message.bytes == 0).then_some(0);
    let mut address = message.address;
    pieces(message.bytes, PIECE_BYTES).chain(empty).map(move |length| {
        let place = address;
        address = GuestPhysAddr::new(address.number() + length);
        (place, length as usize)
    })
}
