//! Codecs: what is written is read back, and no bytes make a parser panic.

use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use super::*;
use crate::layout::LINE;

fn epoch() -> impl Strategy<Value = Epoch> {
    (1..=u16::MAX).prop_map(|number| Epoch::new(number).unwrap())
}

fn letter() -> impl Strategy<Value = Letter> {
    let lives = (epoch(), epoch(), any::<u16>(), any::<u8>());
    let content = proptest::collection::vec(any::<u8>(), 0..=Mail::MOST);
    (lives, 0..15u8, any::<u8>(), any::<u32>(), content, any::<bool>()).prop_map(
        |((to, from, sequence, bell), channel, kind, flow, content, ring)| Letter {
            envelope: Envelope { to, from, sequence: Sequence::new(sequence), bell: Bell::new(bell) },
            reply: if ring { Reply::Ring } else { Reply::Silent },
            mail: Mail::new(Channel::new(channel).unwrap(), Kind(kind), Flow(flow), &content).unwrap(),
        },
    )
}

fn ack() -> impl Strategy<Value = Ack> {
    let verdicts = proptest::sample::select(&[
        Verdict::Accepted,
        Verdict::Refused,
        Verdict::NotListening,
        Verdict::WrongLife,
        Verdict::Malformed,
    ]);
    (any::<u16>(), any::<u16>(), epoch(), epoch(), any::<u16>(), verdicts).prop_map(
        |(closed, polled, receiver, sender, sequence, verdict)| Ack {
            closed: Channels::from_bits(closed),
            polled: Channels::from_bits(polled),
            receiver,
            sender,
            sequence: Sequence::new(sequence),
            verdict,
        },
    )
}

proptest! {
    #[test]
    fn letters_survive_the_line(letter in letter()) {
        prop_assert_eq!(Letter::parse(LetterView::new(&letter.emit())), Ok(letter));
    }

    #[test]
    fn acknowledgements_survive_the_line(ack in ack()) {
        prop_assert_eq!(Ack::parse(AckView::new(&ack.emit())), Ok(ack));
    }

    #[test]
    fn parts_and_offers_survive_a_mail(letter in letter(), kind in 0..8_u8) {
        let mail = letter.mail.with_kind(Kind(kind));
        if let Ok(part) = Part::parse(&mail) {
            prop_assert_eq!(Part::parse(&part.emit(mail.channel(), mail.flow())), Ok(part));
        }
        if let Ok(transfer) = TransferMail::parse(&mail) {
            prop_assert_eq!(TransferMail::parse(&transfer.emit()), Ok(transfer));
        }
    }

    #[test]
    fn lending_survives_a_mail(payload in any::<[u8; 18]>(), flags in any::<u8>(), kind in 1..=3_u8) {
        let mut plausible = payload;
        // A pool and a range in it.
        plausible[4..7].fill(0);
        plausible[7] &= 0xFC;
        (plausible[8], plausible[10], plausible[11]) = (plausible[8] & 0xE0, plausible[10] & 0x1F, 0);
        (plausible[14], plausible[15]) = (plausible[14] & 0x1F, 0);
        (plausible[16], plausible[17]) = (flags & 0xF, flags >> 7);
        let length = [18, 3, 2][usize::from(kind) - 1];
        plausible[2] = if kind == 2 { flags & 1 } else { plausible[2] };
        for bytes in [payload, plausible] {
            let mail = Mail::new(Channel::LEND, Kind(kind), Flow(0), &bytes[..length]).unwrap();
            let parsed = LendMail::parse(&mail);
            if let Ok(lend) = parsed {
                prop_assert_eq!(LendMail::parse(&lend.emit()), Ok(lend));
            }
        }
        // A range of 4 bytes of the first line, whatever the rest.
        plausible[8..16].copy_from_slice(&[0, 0, 0, 0, 4, 0, 0, 0]);
        let mail = Mail::new(Channel::LEND, Kind(1), Flow(0), &plausible).unwrap();
        prop_assert!(LendMail::parse(&mail).is_ok());
    }

    #[test]
    fn queue_entries_survive_the_line(letter in letter(), sender in 0..48_u8, line in any::<[u8; LINE]>()) {
        // The sender's number is where a letter has its bell.
        let envelope = Envelope { bell: Bell::new(0), ..letter.envelope };
        let letter = Letter { envelope, ..letter };
        let entry = QueueEntry { sender: scc::id::CoreId::new(sender).unwrap(), letter };
        prop_assert_eq!(QueueEntry::parse(&entry.emit()), Ok(entry));
        if let Ok(entry) = QueueEntry::parse(&line) {
            prop_assert_eq!(QueueEntry::parse(&entry.emit()), Ok(entry));
        }
    }

    #[test]
    fn slots_survive_the_half_line(bytes in any::<[u8; 16]>(), count in 1..=38_u8, flags in any::<u8>()) {
        let mut plausible = bytes;
        plausible[3] %= count;
        plausible[4] = count;
        // A request or a cast with up to six bytes.
        plausible[11] = (flags & 0xA0) | (flags % 7) | if flags & 8 == 0 { 8 } else { 16 };
        // No life is 0.
        (plausible[12], plausible[14]) = (plausible[12] | 1, plausible[14] | 1);
        prop_assert!(Slot::parse(&plausible).is_ok());
        for bytes in [bytes, plausible] {
            if let Ok(slot) = Slot::parse(&bytes) {
                let again = slot.emit().map(|bytes| Slot::parse(&bytes));
                prop_assert_eq!(again, Some(Ok(slot)));
            }
        }
    }

    #[test]
    fn quadwords_survive(bytes in any::<[u8; 8]>(), place in 0..128_u8) {
        let word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        prop_assert_eq!(BarrierFlag::parse(word).emit(), word);
        if let Ok(note) = LockNote::parse(&bytes) {
            prop_assert_eq!(LockNote::parse(&note.emit()), Ok(note));
        }
        if let Ok(claim) = LockClaim::parse(&bytes) {
            prop_assert_eq!(LockClaim::parse(&claim.emit()), Ok(claim));
        }
        let mut plausible = bytes;
        plausible[6] %= 48;
        plausible[7] = place;
        for bytes in [bytes, plausible] {
            if let Ok(word) = FlowWord::parse([0, 4].map(|offset| dword_at(&bytes, offset))) {
                prop_assert_eq!(FlowWord::parse(word.emit()), Ok(word));
            }
        }
    }

    #[test]
    fn hellos_survive_the_line(epoch in epoch()) {
        let hello = Hello { epoch };
        prop_assert_eq!(Hello::parse(HelloView::new(&hello.emit())), Ok(hello));
    }

    #[test]
    fn whatever_parses_is_written_as_it_was_read(line in any::<[u8; LINE]>()) {
        let words = words_of(&line);
        if let Ok(letter) = Letter::parse(LetterView::new(&words)) {
            prop_assert_eq!(Letter::parse(LetterView::new(&letter.emit())), Ok(letter));
        }
        if let Ok(ack) = Ack::parse(AckView::new(&words)) {
            prop_assert_eq!(Ack::parse(AckView::new(&ack.emit())), Ok(ack));
        }
        if let Ok(hello) = Hello::parse(HelloView::new(&line)) {
            prop_assert_eq!(Hello::parse(HelloView::new(&hello.emit())), Ok(hello));
        }
    }
}

#[test]
fn fields_out_of_range_are_named() {
    let epoch = Epoch::new(1).unwrap();
    let channel = Channel::new(3).unwrap();
    let mail = Mail::new(channel, Kind(9), Flow(7), b"eighteen bytes now").unwrap();
    let envelope = Envelope { to: epoch, from: epoch, sequence: Sequence::new(1), bell: Bell::new(0) };
    let line = bytes_of(Letter { envelope, reply: Reply::Silent, mail }.emit());
    for (byte, value, error) in [
        (22, 15, WireError::Channel(15)),
        (22, 0x23, WireError::Reserved(0x20)),
        (24, 19, WireError::Length(19)),
        (24, 255, WireError::Length(255)),
    ] {
        let mut wrong = line;
        wrong[byte] = value;
        assert_eq!(Letter::parse(LetterView::new(&words_of(&wrong))), Err(error));
    }
    assert_eq!(Letter::parse(LetterView::new(&[0; 8])), Err(WireError::Blank));
    assert_eq!(Mail::new(channel, Kind(0), Flow(0), &[0; 19]), None);
}

#[test]
fn acknowledgement_of_an_unknown_verdict_is_refused() {
    let epoch = Epoch::new(1).unwrap();
    let ack = Ack {
        closed: Channels::NONE,
        polled: Channels::NONE,
        receiver: epoch,
        sender: epoch,
        sequence: Sequence::new(1),
        verdict: Verdict::Accepted,
    };
    let mut line = bytes_of(ack.emit());
    line[26] = 6;
    assert_eq!(Ack::parse(AckView::new(&words_of(&line))), Err(WireError::Verdict(6)));
    assert_eq!(Ack::parse(AckView::new(&[0; 8])), Err(WireError::Blank));
}

#[test]
fn hello_of_another_program_is_refused() {
    let mut line = Hello { epoch: Epoch::new(5).unwrap() }.emit();
    assert_eq!(HelloView::new(&line).epoch(), Ok(Epoch::new(5).unwrap()));
    line[27] = 1;
    assert_eq!(Hello::parse(HelloView::new(&line)), Err(WireError::Signature(0x0149_5049)));
}
