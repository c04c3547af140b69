//! Sessions without gdb: what arrives on the wire when the user, the run or the connection ends something.

use super::Listener;
use crate::gdb::{Attachment, Server, SessionEnd, Supervisor};
use crate::machine::flat_program::{core, start};
use crate::machine::{Machine, Report};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

/// Ends the run at the first look with status 3.
struct Impatient;

impl Supervisor for Impatient {
    fn finished(&mut self, _: &mut Machine) -> Option<u8> {
        Some(3)
    }

    fn stops_at(&mut self, _: &Report) -> bool {
        true
    }

    fn stopped(&mut self, _: &str) {}
}

/// Serves `client` with a machine whose core 0 runs in a circle.
fn serve(
    supervisor: &mut dyn Supervisor,
    client: impl FnOnce(TcpStream) -> String + Send,
) -> (SessionEnd, String) {
    let mut machine = Machine::builder().build();
    start(&mut machine, core(0), &[0xEB, 0xFE]);
    let server = Server::bind(Some("127.0.0.1:0")).unwrap();
    let address = server.address();
    thread::scope(|scope| {
        let heard = scope.spawn(move || client(TcpStream::connect(address).unwrap()));
        let attachment =
            Attachment { machine: &mut machine, supervisor, symbols: None, tracer: None, until: None };
        let end = server.serve(attachment).unwrap();
        (end, heard.join().unwrap())
    })
}

fn send(stream: &mut TcpStream, text: &str) {
    let sum = text.bytes().fold(0_u8, u8::wrapping_add);
    write!(stream, "+${text}#{sum:02x}").unwrap();
}

/// Reads until `wanted` has arrived.
fn await_text(stream: &mut TcpStream, wanted: &str) {
    let mut heard = String::new();
    while !heard.contains(wanted) {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        heard.push(char::from(byte[0]));
    }
}

/// Reads until the server hangs up.
fn rest(stream: &mut TcpStream) -> String {
    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();
    heard
}

#[test]
fn control_c_stops_a_running_machine() {
    let mut listener = Listener::default();
    let (end, heard) = serve(&mut listener, |mut stream| {
        send(&mut stream, "c");
        stream.write_all(&[3]).unwrap();
        await_text(&mut stream, "T02");
        send(&mut stream, "D");
        rest(&mut stream)
    });
    assert!(heard.contains("$OK#"), "{heard}");
    assert!(matches!(end, SessionEnd::Detached), "{end:?}");
    assert_eq!(listener.0, ["interrupted"]);
}

#[test]
fn the_end_of_the_run_is_reported_as_an_exit() {
    let (end, heard) = serve(&mut Impatient, |mut stream| {
        send(&mut stream, "c");
        rest(&mut stream)
    });
    assert!(heard.contains("$W03#"), "{heard}");
    assert!(matches!(end, SessionEnd::Finished(3)), "{end:?}");
}

#[test]
fn a_lost_connection_ends_the_session_with_its_cause() {
    let (end, _) = serve(&mut Listener::default(), |stream| {
        drop(stream);
        String::new()
    });
    assert!(matches!(end, SessionEnd::ConnectionLost(_)), "{end:?}");
}
