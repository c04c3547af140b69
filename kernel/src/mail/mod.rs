//! Mail with the kernels of other cores: the mailbox of crate `ipi`, and the task that serves it.
//!
//! Doorbells reach it through [`crate::doorbell`]. It takes no timer while nothing is under way, so a core without work
//! sleeps for good: there is no regular look into all lines, because a sender rings again until it is answered. Letters
//! that were posted with `try_send` are the exception: if their doorbell is lost, they wait for the next one.

#[cfg(feature = "trials")]
pub mod check;
#[cfg(feature = "trials")]
pub mod exchange;
#[cfg(feature = "trials")]
pub mod figures;
pub mod greeting;
#[cfg(feature = "trials")]
pub mod ping_pong;
#[cfg(feature = "trials")]
pub mod soak;

use alloc::boxed::Box;
use core::pin::Pin;
use core::task::{Context, Poll};

use executor::{Class, Spawner};
use ipi::doorbell::Doorbell;
use ipi::mailbox::Settings;
use ipi::mesh::Cycles;

use crate::doorbell;
use crate::platform::{Absent, machine};

/// This core's end of all mail.
pub type Mailbox = ipi::mailbox::Mailbox<'static, machine::mesh::ChipMesh>;

static DOORBELL: Doorbell = Doorbell::new();

/// Class of the task that serves the mailbox. Receivers of this class are woken by the interrupt, others by that task.
pub const CLASS: Class = Class::FollowUp;

/// Begins a life of this core's mailbox and serves it from then on. Once per boot, task context.
///
/// # Errors
/// [`Absent`] on platforms without message buffers.
///
/// # Panics
/// If it is called again, and without memory for 16 KB.
pub fn start(spawner: Spawner) -> Result<&'static Mailbox, Absent> {
    let mesh = machine::mesh::open(spawner.timers())?;
    let settings = Settings { rescan: Cycles::new(u64::MAX), ..Settings::default() };
    let mailbox: &'static Mailbox = Box::leak(Box::new(Mailbox::start(mesh, &DOORBELL, settings)));
    doorbell::tell(&DOORBELL);
    let task = spawner.spawn("mail", CLASS, Attending { run: mailbox.run() });
    task.expect("the heap has memory for the mail task").detach();
    Ok(mailbox)
}

pin_project_lite::pin_project! {
    /// Attends to the mailbox: a future with a name, by which `sections.ld` finds the code of its poll.
    struct Attending<F> {
        #[pin]
        run: F,
    }
}

impl<F: Future<Output = ()>> Future for Attending<F> {
    type Output = ();

    #[inline(never)]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.project().run.poll(context)
    }
}
