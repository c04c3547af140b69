//! Lent memory: blocks of one core's private memory that another core reads, or reads and writes, where they lie.
//!
//! ```text
//! lender                                              borrower
//! Block::write: contents, write-through
//! lend ── record in the own pool
//!      ── offer mail ───────────────────────────────▶ borrow: matches sender and tag, points a window at the pool,
//!                                                     makes sure that the record is there
//!                                                     Borrowed::read, write: in place; the record says whether
//!                                                     the lease still lasted
//! done ◀──────────────────────────────── return mail ─ Borrowed dropped: stores pushed out, window given back
//! ```
//!
//! Nothing is copied but what the borrower copies. Pools are mapped like message buffers: no L2 ever holds a line of
//! them, which no instruction could write back or drop (SCC reference §2.4), so what was stored and pushed is in memory.
//!
//! A lender that gives up clears the record. Whoever reads copies first and looks at the record afterwards, so what was
//! read under a cleared record is an error and never taken for contents; the block is free at once. Whoever writes looks
//! first and stores a piece afterwards: a block lent for writing is kept until the borrower has returned it or is known to
//! be gone. [`Lending::run`] must be polled by some task on both sides. The protocol with its failures is in
//! `docs/protocols/lend.md`.

mod borrower;
mod lender;
mod space;
mod table;

use core::cell::RefCell;

use scc::id::CoreId;

pub use self::borrower::{AccessError, BorrowError, Borrowed};
pub use self::lender::{Block, BlockError, LendError, NoRoom};
use self::space::{Space, place_of};
use self::table::Table;
use crate::layout::{LINE, QUADWORD};
use crate::mailbox::{Mailbox, Mode, OpenError, Receiver, SendError};
use crate::mesh::{Cycles, Deadline, Mesh, Pool, PoolBase};
use crate::pause::either;
use crate::waiters::Waiters;
use crate::wire::{Channel, Epoch, LeaseRecord, LendMail};

/// Time that one attempt to tell a peer may take that a lease is over.
const MAIL_PATIENCE: Cycles = Cycles::new(200_000);
/// Time between two looks whether a borrower lives that may be writing to a block whose lender has given up.
const SWEEP: Cycles = Cycles::new(500_000);

/// One core's lending and borrowing. Belongs to the tasks of that core.
pub struct Lending<'m, 'd, M: Mesh> {
    mailbox: &'m Mailbox<'d, M>,
    mails: Receiver<'m, 'd, M>,
    base: Option<PoolBase>,
    table: RefCell<Table>,
    changes: Waiters,
}

impl<'m, 'd, M: Mesh> Lending<'m, 'd, M> {
    /// Opens the channel in `mode`, and clears the records of the own pool: leases of an earlier life are over. Once in a
    /// life. A core without a pool borrows and has no room for blocks.
    pub fn new(mailbox: &'m Mailbox<'d, M>, mode: Mode) -> Result<Self, OpenError> {
        let mails = mailbox.open(Channel::LEND, mode)?;
        let base = mailbox.mesh().pool();
        let space = if base.is_some() { Space::new() } else { Space::none() };
        let table = RefCell::new(Table::new(mailbox.epoch(), space));
        let lending = Self { mailbox, mails, base, table, changes: Waiters::new() };
        if base.is_some() {
            LeaseRecord::all().for_each(|record| lending.write_record(record, [0; QUADWORD]));
        }
        Ok(lending)
    }

    /// The mailbox that carries offers.
    pub const fn mailbox(&self) -> &'m Mailbox<'d, M> {
        self.mailbox
    }

    /// Takes offers and returns in and sends own ones. Never completes; one task polls it.
    ///
    /// *Cancel safety*: nothing is lost.
    pub async fn run(&self) {
        either(self.take_mails(), either(self.send_mails(), self.sweep())).await;
    }

    async fn take_mails(&self) {
        loop {
            let received = self.mails.recv().await;
            let (from, life) = (received.from, received.life);
            let mut table = self.table.borrow_mut();
            match LendMail::parse(&received.mail) {
                Ok(LendMail::Offer(offer)) => table.add_offer(from, life, offer),
                Ok(LendMail::Return { lease, was_borrowed }) => table.returned(from, lease, was_borrowed),
                Ok(LendMail::Withdraw { lease }) => table.withdraw(from, life, lease),
                Err(_) => continue,
            }
            drop(table);
            self.changed();
        }
    }

    async fn send_mails(&self) {
        loop {
            let (to, life, mail) = self.changes.until(|| self.table.borrow_mut().next_mail()).await;
            let patience = Deadline::At(self.mailbox.mesh().now() + MAIL_PATIENCE);
            let sent = self.mailbox.send_to_life(to, life, mail.emit(), patience).await;
            // Other errors say that whoever waited for it is gone.
            if sent == Err(SendError::TimedOut) && self.lives(to, life) {
                self.table.borrow_mut().add_mail(to, life, mail);
            }
        }
    }

    /// Ends leases whose borrower is gone and whose lender does not wait any more.
    async fn sweep(&self) {
        loop {
            let is_held = || (!self.table.borrow().held().is_empty()).then_some(());
            self.changes.until(is_held).await;
            let mesh = self.mailbox.mesh();
            mesh.sleep_until(mesh.now() + SWEEP).await;
            let held = self.table.borrow().held();
            for (record, lease) in held {
                if !lease.life.is_some_and(|life| self.lives(lease.to, life)) {
                    self.table.borrow_mut().end(record);
                }
            }
            self.changed();
        }
    }

    /// Whether a peer lives this life of it, as far as it shows.
    fn lives(&self, peer: CoreId, life: Epoch) -> bool {
        !self.mailbox.mesh().is_in_reset(peer) && self.mailbox.life_of(peer) == Some(life)
    }

    /// Writes an own record; a whole line leaves by itself, and the mail that follows pushes out what is left of one. Own
    /// records are never read, so they are not cached.
    fn write_record(&self, record: LeaseRecord, content: [u8; QUADWORD]) {
        let mut line = [0; LINE];
        line[..QUADWORD].copy_from_slice(&content);
        self.mailbox.mesh().write_pool(Pool::Own, place_of(record), &line);
    }

    /// Wakes those who wait for the table.
    fn changed(&self) {
        self.changes.wake_all();
        self.mailbox.tell_watchers();
    }
}
