//! The export for Perfetto, read by its wire format: what it shows must have been so.

use std::collections::BTreeMap;

use scc_trace::export::perfetto;
use scc_trace::{Trace, read_bytes};

/// A field of a message: its number in the published schema, and its content.
#[derive(Debug, Clone, PartialEq)]
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().expect("a number ends before its message");
        *bytes = rest;
        value |= u64::from(first & 0x7F) << shift;
        if first & 0x80 == 0 {
            return value;
        }
    }
    panic!("a number of more than 64 bits");
}

fn fields(mut bytes: &[u8]) -> Vec<(u64, Field)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let field = match key & 7 {
            0 => Field::Number(varint(&mut bytes)),
            1 => {
                let (eight, rest) = bytes.split_at(8);
                bytes = rest;
                Field::Number(u64::from_le_bytes(eight.try_into().expect("eight bytes")))
            }
            2 => {
                let length = usize::try_from(varint(&mut bytes)).expect("it fits into the file");
                let (content, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(content.to_vec())
            }
            other => panic!("wire type {other} is not used"),
        };
        fields.push((key >> 3, field));
    }
    fields
}

fn numbers(message: &[(u64, Field)], tag: u64) -> Vec<u64> {
    let number = |field: &Field| match field {
        Field::Number(number) => *number,
        Field::Bytes(_) => panic!("field {tag} is no number"),
    };
    message.iter().filter(|(number, _)| *number == tag).map(|(_, field)| number(field)).collect()
}

fn messages(message: &[(u64, Field)], tag: u64) -> Vec<Vec<(u64, Field)>> {
    let inner = |field: &Field| match field {
        Field::Bytes(bytes) => fields(bytes),
        Field::Number(_) => panic!("field {tag} is no message"),
    };
    message.iter().filter(|(number, _)| *number == tag).map(|(_, field)| inner(field)).collect()
}

#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// Ends of slices with their beginnings and depth, by track.
    pub(super) slices: BTreeMap<u64, Vec<(u64, u64, usize)>>,
    /// Times at which arrows begin and end.
    pub(super) begun: BTreeMap<u64, u64>,
    pub(super) ended: BTreeMap<u64, u64>,
    /// Process of each thread's track.
    processes: BTreeMap<u64, u64>,
    counted: BTreeMap<u64, Vec<u64>>,
}

fn drawn(file: &[u8]) -> Drawn {
    let mut drawn = Drawn::default();
    let mut open: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for packet in messages(&fields(file), 1) {
        for descriptor in messages(&packet, 60) {
            for thread in messages(&descriptor, 4) {
                drawn.processes.insert(numbers(&descriptor, 1)[0], numbers(&thread, 1)[0]);
            }
        }
        for event in messages(&packet, 11) {
            let (time, track) = (numbers(&packet, 8)[0], numbers(&event, 11)[0]);
            numbers(&event, 47).into_iter().for_each(|flow| assert_eq!(drawn.begun.insert(flow, time), None));
            numbers(&event, 48).into_iter().for_each(|flow| assert_eq!(drawn.ended.insert(flow, time), None));
            let stack = open.entry(track).or_default();
            match numbers(&event, 9)[0] {
                1 => stack.push(time),
                2 => {
                    let begun = stack.pop().expect("what ends has begun");
                    drawn.slices.entry(track).or_default().push((begun, time, stack.len()));
                }
                3 => {}
                4 => drawn.counted.entry(track).or_default().extend(numbers(&event, 30)),
                other => panic!("event of type {other}"),
            }
        }
    }
    assert!(open.values().all(Vec::is_empty), "what begins ends");
    drawn
}

fn export(cores: u8, rounds: u64, lose: Option<(u8, u64)>) -> Drawn {
    export_of(&read_bytes(&super::bytes(cores, rounds, lose), false, |_, _| {}).expect("the file is whole"))
}

/// What the export of a trace draws.
pub(super) fn export_of(trace: &Trace) -> Drawn {
    let mut file = Vec::new();
    perfetto::write(trace, &mut file).expect("memory is written without fail");
    drawn(&file)
}

#[test]
fn every_poll_begins_after_its_wake_and_every_letter_read_was_written() {
    let drawn = export(4, 30, None);
    // Four wakes a round and one at boot; a letter read in every round but the first.
    assert_eq!(drawn.ended.len(), 4 * (30 * 4 + 1 + 29));
    for (arrow, end) in &drawn.ended {
        let begin = drawn.begun.get(arrow).unwrap_or_else(|| panic!("arrow {arrow:#x} comes from nowhere"));
        assert!(begin <= end, "arrow {arrow:#x} leads back in time");
    }
    // The letters of the last round are never read.
    assert_eq!(drawn.begun.len() - drawn.ended.len(), 4);
}

#[test]
fn slices_of_a_core_nest_or_follow_each_other() {
    for lose in [None, Some((1, 7))] {
        let drawn = export(3, 20, lose);
        let mut outer: BTreeMap<u64, Vec<(u64, u64)>> = BTreeMap::new();
        for (track, slices) in &drawn.slices {
            let process = drawn.processes[track];
            let whole = slices.iter().filter(|(.., depth)| *depth == 0).map(|(from, to, _)| (*from, *to));
            outer.entry(process).or_default().extend(whole);
            let inner = slices.iter().filter(|(.., depth)| *depth > 0);
            for (from, to, _) in inner {
                let around = slices.iter().any(|(a, b, depth)| *depth == 0 && a <= from && to <= b);
                assert!(around, "an interrupt leaves its poll");
            }
        }
        assert_eq!(outer.len(), 3, "a process for each core");
        for slices in outer.values_mut() {
            slices.sort_unstable();
            for pair in slices.windows(2) {
                assert!(pair[0].1 <= pair[1].0, "{pair:?} overlap");
            }
        }
    }
}

#[test]
fn ready_tasks_are_counted_up_and_down() {
    let counted = export(1, 2, None).counted;
    let counts = counted.values().next().expect("there is one core");
    let round = [1, 0, 1, 2, 1, 2, 1, 0];
    let expected = [vec![1, 0], round.to_vec(), round.to_vec()].concat();
    assert_eq!(counts, &expected);
}
