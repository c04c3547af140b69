//! Listens for gdb and carries a session from connection to end.

use super::run::interrupted_core;
use super::session::{Attachment, Session};
use super::stop::Stop;
use gdbstub::conn::ConnectionExt;
use gdbstub::stub::run_blocking::{BlockingEventLoop, Event, WaitForStopReasonError};
use gdbstub::stub::{DisconnectReason, GdbStub, GdbStubError, MultiThreadStopReason};
use std::convert::Infallible;
use std::io;
use std::marker::PhantomData;
use std::net::{SocketAddr, TcpListener, TcpStream};

/// Address the server listens at unless told otherwise.
const DEFAULT_ADDRESS: &str = "127.0.0.1:1234";

/// Why there is no debugging session.
#[derive(Debug, thiserror::Error)]
pub enum GdbError {
    /// The address cannot be listened at.
    #[error("cannot wait for gdb at {address}: {source}")]
    Bind {
        /// The address as given.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// No connection could be taken.
    #[error("cannot take gdb's connection: {0}")]
    Accept(io::Error),
    /// The connection ended without gdb letting go or ending the run.
    #[error(
        "gdb's connection was lost: {0}\n  the run ends here, without dumps and statistics; to let it go on, leave \
         gdb with `detach`"
    )]
    Lost(io::Error),
    /// gdb and the stub misunderstood each other.
    #[error("gdb's connection broke down: {0}")]
    Protocol(String),
}

/// How a session ended.
#[derive(Debug)]
pub enum SessionEnd {
    /// gdb let go of the machine, which may run on without it.
    Detached,
    /// gdb killed the machine.
    Killed,
    /// The run came to its own end with this exit status.
    Finished(u8),
    /// The connection is gone; the machine stands where it was.
    ConnectionLost(io::Error),
}

/// A TCP port that gdb can connect to.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Opens the port `address` (`ADDR:PORT`), 127.0.0.1:1234 if `None`. Port 0 takes any free one.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn bind(address: Option<&str>) -> Result<Self, GdbError> {
        let address = address.unwrap_or(DEFAULT_ADDRESS);
        let listen = || {
            let listener = TcpListener::bind(address)?;
            let address = listener.local_addr()?;
            Ok(Server { listener, address })
        };
        listen().map_err(|source| GdbError::Bind { address: address.to_owned(), source })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What to tell the user.
    pub fn invitation(&self) -> String {
        format!("waiting for gdb; connect with: gdb -ex 'target remote {}' [ELF FILE]", self.address)
    }

    /// Waits for gdb and serves it until one of them ends the session. The machine stands still until gdb lets
    /// it run.
    ///
    /// # Errors
    /// If the connection cannot be taken or its protocol breaks down.
    pub fn serve(&self, attachment: Attachment<'_>) -> Result<SessionEnd, GdbError> {
        let (stream, _) = self.listener.accept().map_err(GdbError::Accept)?;
        let mut session = Session::new(attachment);
        let end = GdbStub::new(stream).run_blocking::<EventLoop<'_>>(&mut session);
        session.detach();
        match end {
            Ok(DisconnectReason::Disconnect) => Ok(SessionEnd::Detached),
            Ok(DisconnectReason::TargetExited(status)) => Ok(SessionEnd::Finished(status)),
            Ok(DisconnectReason::Kill | DisconnectReason::TargetTerminated(_)) => Ok(SessionEnd::Killed),
            Err(error) => lost(error),
        }
    }
}

fn lost(error: GdbStubError<Infallible, io::Error>) -> Result<SessionEnd, GdbError> {
    let text = error.to_string();
    match error.into_connection_error() {
        Some((source, _)) => Ok(SessionEnd::ConnectionLost(source)),
        None => Err(GdbError::Protocol(text)),
    }
}

/// Runs the machine between two messages from gdb.
struct EventLoop<'a>(PhantomData<&'a ()>);

impl<'a> BlockingEventLoop for EventLoop<'a> {
    type Target = Session<'a>;
    type Connection = TcpStream;
    type StopReason = MultiThreadStopReason<u32>;

    fn wait_for_stop_reason(
        session: &mut Session<'a>,
        connection: &mut TcpStream,
    ) -> Result<Event<Self::StopReason>, WaitForStopReasonError<Infallible, io::Error>> {
        let failed = WaitForStopReasonError::Connection;
        loop {
            if ConnectionExt::peek(connection).map_err(failed)?.is_some() {
                return ConnectionExt::read(connection).map(Event::IncomingData).map_err(failed);
            }
            if let Some(stop) = session.run() {
                // Peeking has left the socket without blocking; answers must not be cut short.
                connection.set_nonblocking(false).map_err(failed)?;
                session.note(&stop);
                return Ok(Event::TargetStopped(stop.reason(session.focus)));
            }
        }
    }

    fn on_interrupt(session: &mut Session<'a>) -> Result<Option<Self::StopReason>, Infallible> {
        session.focus = interrupted_core(session.attached.machine, session.focus);
        session.note(&Stop::Interrupt);
        Ok(Some(Stop::Interrupt.reason(session.focus)))
    }
}
