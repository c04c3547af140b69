//! A guest that exchanges frames with another one: each asks the other, and answers what the other asks. It prints
//!
//! ```text
//! card 02:53:43:43:0d:00
//! 32 answers of 02:53:43:43:0e:00, 60 to 1514 bytes, asked again 3 times
//! ```
//!
//! and powers off when the other has its answers too.
#![cfg_attr(target_arch = "x86", no_std, no_main)]

#[cfg(target_arch = "x86")]
mod card;

#[cfg(target_arch = "x86")]
mod guest {
    use core::fmt::{self, Display, Formatter};
    use core::sync::atomic::{AtomicBool, Ordering};

    use guest_runtime::abi::interrupt::FIRST_LINE_VECTOR;
    use guest_runtime::interrupts::{self, Frame};
    use guest_runtime::start::Info;
    use guest_runtime::{call, println};

    use crate::card::{Address, Card, FRAME_BYTES, HEADER_BYTES};

    guest_runtime::entry!(main);

    /// Questions.
    const COUNT: u8 = 32;
    /// Time after which a question is asked again.
    const PATIENCE_NANOSECONDS: u64 = 2_000_000;
    /// Times without a frame after which the other is gone.
    const SILENCE: u32 = 50;
    const EVERYBODY: Address = [0xFF; 6];
    /// A type of frames that is left to experiments.
    const TYPE: [u8; 2] = [0x88, 0xB5];

    /// What a frame is, in the byte behind its header; the number of the question follows.
    const QUESTION: u8 = 1;
    const ANSWER: u8 = 2;
    const DONE: u8 = 3;

    struct Station(Address);

    fn main(_: &Info) {
        interrupts::install(handle);
        interrupts::disable();
        let mut buffers = Default::default();
        let mut card = Card::new(&mut buffers);
        println!("card {}", Station(card.address()));
        let (mut peer, mut question, mut again, mut silent) = (EVERYBODY, 0, 0, 0);
        let mut peer_is_done = false;
        let mut frame = [0; FRAME_BYTES];
        ask(&mut card, peer, question);
        while (question < COUNT || !peer_is_done) && silent < SILENCE {
            let Some(length) = card.receive(&mut frame) else {
                interrupts::wait();
                interrupts::disable();
                card.acknowledge();
                if TIMER_EXPIRED.swap(false, Ordering::Relaxed) {
                    (again, silent) = (again + u32::from(question < COUNT), silent + 1);
                    ask(&mut card, peer, question);
                }
                continue;
            };
            silent = 0;
            let from = Card::sender(&frame);
            match (frame[HEADER_BYTES], frame[HEADER_BYTES + 1]) {
                (QUESTION, number) => {
                    frame[HEADER_BYTES] = ANSWER;
                    card.send(from, TYPE, &mut frame[..length]);
                    assert!(is_whole(&frame[..length], number), "question {number} of {length} bytes");
                }
                (ANSWER, number) if number == question => {
                    assert!(is_whole(&frame[..length], number), "answer {number} of {length} bytes");
                    assert_eq!(length, bytes_of(number), "answer {number}");
                    peer = from;
                    question += 1;
                    ask(&mut card, peer, question);
                }
                // The answer to a question that was asked again.
                (ANSWER, _) => {}
                (DONE, _) => peer_is_done = true,
                (kind, _) => panic!("frame of kind {kind}"),
            }
        }
        assert_eq!(question, COUNT, "{} does not answer", Station(peer));
        // If this is lost, the other one hears nothing more and ends by itself.
        ask(&mut card, peer, COUNT);
        let (least, most) = (bytes_of(0), bytes_of(COUNT - 1));
        println!("{COUNT} answers of {}, {least} to {most} bytes, asked again {again} times", Station(peer));
    }

    /// Asks a question, or says that there are no more; the timer tells when to do so again. What comes meanwhile does not
    /// put that off: two that wait for each other might do so for ever.
    fn ask(card: &mut Card, peer: Address, number: u8) {
        let mut frame = [0; FRAME_BYTES];
        let length = bytes_of(number.min(COUNT - 1));
        frame[HEADER_BYTES..length].fill(pattern(number));
        frame[HEADER_BYTES] = if number == COUNT { DONE } else { QUESTION };
        frame[HEADER_BYTES + 1] = number;
        card.send(peer, TYPE, &mut frame[..length]);
        call::set_timer(PATIENCE_NANOSECONDS).expect("this hypervisor has timers");
    }

    /// Bytes of a question: from the shortest frame of a real card to the longest one.
    fn bytes_of(number: u8) -> usize {
        60 + usize::from(number) * (FRAME_BYTES - 60) / usize::from(COUNT - 1)
    }

    fn pattern(number: u8) -> u8 {
        number.wrapping_mul(37).wrapping_add(11)
    }

    fn is_whole(frame: &[u8], number: u8) -> bool {
        frame[HEADER_BYTES + 2..].iter().all(|byte| *byte == pattern(number))
    }

    static TIMER_EXPIRED: AtomicBool = AtomicBool::new(false);

    /// The wait in `main` ends by itself.
    fn handle(frame: &mut Frame) {
        let timer = u32::from(FIRST_LINE_VECTOR);
        TIMER_EXPIRED.fetch_or(frame.vector == timer, Ordering::Relaxed);
        assert!(
            frame.vector >= timer,
            "vector {} error {:#x} at {:#x}",
            frame.vector,
            frame.error,
            frame.eip
        );
    }

    impl Display for Station {
        fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
            let [a, b, c, d, e, f] = self.0;
            write!(formatter, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
        }
    }
}

/// Only the hypervisor starts a guest.
#[cfg(not(target_arch = "x86"))]
fn main() {
    eprintln!("this is a guest of the SCC's hypervisor; start it with `cargo run -- boot --guest`");
}
