//! Records read back as they were written, and what is no record is named.

use std::vec::Vec;

use proptest::prelude::{any, prop_assert_eq, proptest};

use super::*;

fn events(a: u32, b: u32, detail: u8) -> Vec<Event> {
    let task = TaskNumber(a);
    let text = TextPlace { address: b, length: detail };
    let long = u64::from(b) << 32 | u64::from(a);
    let letter = LetterNumber { flow: a, place: b };
    let [n0, n1, l0, l1] = a.to_le_bytes();
    let (number, life) = (u16::from_le_bytes([n0, n1]), u16::from_le_bytes([l0, l1]));
    let call = RemoteCall { life, number, procedure: b.to_le_bytes()[0] };
    let lease = Lease { life, number, bytes: b };
    let mut events: Vec<_> = BootPhase::ALL.into_iter().map(Event::BootPhase).collect();
    events.extend([
        Event::TaskSpawn { task, name: text },
        Event::TaskReady(task),
        Event::PollBegin { task, before: TaskBefore::Waits },
        Event::PollBegin { task, before: TaskBefore::IsReady },
        Event::PollEnd { task, outcome: PollOutcome::Pending },
        Event::PollEnd { task, outcome: PollOutcome::Ready },
        Event::PollEnd { task, outcome: PollOutcome::Panicked },
        Event::TaskDrop(task),
        Event::TimerArmed(long),
        Event::TimerFired(long),
        Event::IrqEnter { vector: detail, eip: a },
        Event::IrqExit(detail),
        Event::Exception { vector: detail, eip: a, error_code: b },
        Event::Idle,
        Event::Panic { file: text, line: a },
        Event::ClockAnchor(long),
        Event::CoreStarted(detail),
        Event::CoreStopped(detail),
        Event::SelfTest { name: text, outcome: TestOutcome::Passed },
        Event::SelfTest { name: text, outcome: TestOutcome::Failed },
        Event::SelfTest { name: text, outcome: TestOutcome::Skipped },
        Event::SelfTestsDone { passed: a, failed: b },
        Event::MailSent(detail),
        Event::MailReceived(detail),
        Event::DoorbellRung(detail),
        Event::DoorbellTaken(long),
        Event::LetterWritten { to: detail, letter },
        Event::LetterRead { from: detail, letter },
        Event::CallBegin { to: detail, call },
        Event::CallEnd { to: detail, call },
        Event::ServeBegin { from: detail, call },
        Event::ServeEnd { from: detail, call },
        Event::GuestEnter { eip: a },
        Event::GuestExit { vector: detail, eip: a, value: b },
        Event::DirectRaised(detail),
        Event::LendBegin { to: detail, lease },
        Event::LendEnd { to: detail, lease },
        Event::BorrowBegin { from: detail, lease },
        Event::BorrowEnd { from: detail, lease },
    ]);
    let line = [a.to_le_bytes(), b.to_le_bytes(), a.to_le_bytes()].concat();
    events.extend(pieces_of(Severity::Info, &line[..usize::from(detail) % 13]).map(Event::Log));
    events
}

proptest! {
    #[test]
    fn every_event_reads_back(a in any::<u32>(), b in any::<u32>(), detail in any::<u8>(), cycles in 0..1_u64 << TIME_BITS) {
        for event in events(a, b, detail) {
            let stamped = Stamped { cycles, event };
            prop_assert_eq!(Stamped::decode(stamped.encode()), Ok(stamped));
        }
    }

    #[test]
    fn any_words_are_answered_and_what_is_read_writes_back(words in any::<[u32; 4]>()) {
        if let Ok(stamped) = Stamped::decode(words) {
            prop_assert_eq!(Stamped::decode(stamped.encode()), Ok(stamped));
        }
    }
}

/// The layout that is written in the module's documentation.
#[test]
fn words_hold_time_kind_detail_and_arguments() {
    let event = Event::Exception { vector: 14, eip: 0xF010_0000, error_code: 2 };
    let words = Stamped { cycles: 0x1234_5678_9ABC, event }.encode();
    assert_eq!(words, [0x5678_9ABC, 0x1234_0E0B, 0xF010_0000, 2]);
    let words = Stamped { cycles: 1 << TIME_BITS, event: Event::TimerArmed(0x1_0000_0002) }.encode();
    assert_eq!(words, [0, 7, 2, 1]);
}

#[test]
fn unknown_numbers_are_named() {
    let decode = |head| Stamped::decode([0, head, 9, 0]);
    assert_eq!(decode(0), Err(RecordError::Incomplete));
    assert_eq!(decode(0xFF), Err(RecordError::UnknownKind(0x7F)));
    assert_eq!(decode(0x0E01), Err(RecordError::UnknownDetail { kind: 1, detail: 14 }));
    assert_eq!(decode(0x0204), Err(RecordError::UnknownDetail { kind: 4, detail: 2 }));
    assert_eq!(decode(0x0305), Err(RecordError::UnknownDetail { kind: 5, detail: 3 }));
    assert_eq!(decode(0x8025), Err(RecordError::UnknownDetail { kind: 37, detail: 0x80 }));
    assert_eq!(decode(0x3925), Err(RecordError::UnknownDetail { kind: 37, detail: 0x39 }));
    assert_eq!(decode(0x0012), Err(RecordError::UnknownDetail { kind: 18, detail: 0 }));
}

#[test]
fn long_texts_keep_their_beginning() {
    assert_eq!(TextPlace::new(5, 255).length, 255);
    assert_eq!(TextPlace::new(5, 256).length, 255);
    assert_eq!(TextPlace::new(5, 0x1_0003).length, 255);
    assert_eq!(TextPlace::new(5, 3), TextPlace { address: 5, length: 3 });
}
