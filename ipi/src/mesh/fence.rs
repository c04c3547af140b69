//! Names of all places where this crate invalidates cached lines or pushes the write-combining buffer.
//!
//! A name appears at exactly one place in the code, and the tests check that: the fake mesh skips one name at a
//! time, and some scenario must fail.

macro_rules! places {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// All places.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];
        }
    };
}

places! {
/// Place that drops cached lines, named by what it is about to do.
Invalidate {
    /// Set up the own buffer at the start of a life, of which code before may have cached lines.
    StartWrite,
    /// Read a peer's hello line.
    HelloRead,
    /// Read the letter and the acknowledgement of a peer.
    Attend,
    /// Read the acknowledgement of a peer whose line is wanted.
    Answer,
    /// Read the board, and then the letters that are new, and acknowledgements.
    Board,
    /// Look for a letter of a peer again and again.
    Poll,
    /// Look for letters of several peers again and again.
    PollAll,
    /// Write a letter, which may go to the own buffer.
    LetterWrite,
    /// Write an acknowledgement, which may go to the own buffer.
    AckWrite,
    /// Write the note of a lock just taken, which was read while waiting.
    NoteWrite,
    /// Clear the note of a lock about to be released.
    NoteClear,
    /// Read the note of a lock that somebody else holds.
    NoteRead,
    /// Write or clear the own claim to a lock, and then read those of others.
    ClaimWrite,
    /// Read an own flag of a barrier.
    BarrierRead,
    /// Read an own flow word, and then the block it speaks of.
    FlowRead,
    /// Write or clear an own stamp, in the hello line.
    StampWrite,
    /// Write to a call queue, the head of which was just read.
    QueueAppend,
    /// Write the head of the own call queue, which was just read.
    QueueTaken,
    /// Read the own slot at a callee, and what it has taken.
    SlotRead,
    /// Write to the own slot at a callee, which was just read.
    SlotWrite,
    /// Write which slots were taken from, which was just read.
    SlotTaken,
    /// Write to a window, which a get has read.
    WindowWrite,
    /// Read from a window.
    WindowRead,
    /// Read the record of a lease, after another pool may have been behind the same window.
    LeaseCheck,
    /// Read lent memory, and then the record that says whether it still was.
    LentRead,
    /// Write to an own block, which was read.
    BlockWrite,
}
}

places! {
/// Place that pushes the write-combining buffer, named by what it has written.
Push {
    /// The hello line.
    Hello,
    /// A letter, and before it the own byte of the receiver's board.
    Letter,
    /// The own byte of a receiver's board, for a letter that is not answered.
    Bell,
    /// An acknowledgement.
    Ack,
    /// The note of a lock just taken.
    Note,
    /// The cleared note of a lock about to be released.
    NoteCleared,
    /// The own claim to a lock.
    Claim,
    /// A flag of a barrier in a neighbour's buffer.
    BarrierFlag,
    /// A flow word, and with it the block before it.
    Flow,
    /// A cleared stamp.
    StampCleared,
    /// The head of the own call queue.
    QueueTaken,
    /// The own byte of a slot board, and before it a part in a slot.
    Slot,
    /// Which slots were taken from.
    SlotTaken,
    /// Data put into a window.
    Window,
    /// What was written to lent memory, before it is read, or the window onto it shows something else.
    LentWritten,
    /// What was written to an own block, before it is read.
    BlockWritten,
}
}
