//! A switch of four ports with three places for stations and two for waiting frames.

use std::vec::Vec;

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

use super::*;

const LIMITS: Limits = Limits { ports: 4, stations: 3, waiting: 2 };
const ALL: MacAddress = MacAddress::new([0xFF; 6]);

/// A switch with a guest at each port.
fn connected() -> Switch {
    let mut switch = Switch::new(LIMITS);
    (0..LIMITS.ports).for_each(|port| switch.connect(Port(port), Side::Guest));
    switch
}

fn station(number: u8) -> MacAddress {
    MacAddress::new([2, 0, 0, 0, 0, number])
}

fn frame(to: MacAddress, from: MacAddress) -> Vec<u8> {
    [&to.bytes()[..], &from.bytes(), &[8, 0, b'x']].concat()
}

/// Sends, and gives the ports at which the frame has arrived.
fn send(switch: &mut Switch, port: usize, to: MacAddress, from: MacAddress, second: u64) -> Vec<usize> {
    let frame = frame(to, from);
    let count = switch.bring(Port(port), &frame, Duration::from_secs(second)).unwrap();
    let ports: Vec<_> = (0..LIMITS.ports)
        .filter(|port| switch.take(Port(*port)).is_some_and(|taken| taken == frame))
        .collect();
    assert_eq!(ports.len(), count);
    ports
}

#[test]
fn unknown_stations_are_looked_for_everywhere_and_known_ones_found() {
    let mut switch = connected();
    assert_eq!(send(&mut switch, 0, station(2), station(1), 0), [1, 2, 3]);
    assert_eq!(send(&mut switch, 2, station(1), station(2), 1), [0]);
    assert_eq!(send(&mut switch, 0, station(2), station(1), 2), [2]);
    assert_eq!(send(&mut switch, 0, ALL, station(1), 3), [1, 2, 3]);
}

#[test]
fn frame_for_a_station_behind_its_own_port_goes_nowhere() {
    let mut switch = connected();
    send(&mut switch, 1, ALL, station(1), 0);
    assert_eq!(send(&mut switch, 1, station(1), station(2), 0), [0; 0]);
}

#[test]
fn station_that_moves_is_found_behind_its_new_port() {
    let mut switch = connected();
    send(&mut switch, 1, ALL, station(1), 0);
    send(&mut switch, 3, ALL, station(1), 0);
    assert_eq!(send(&mut switch, 0, station(1), station(2), 0), [3]);
}

#[test]
fn silent_stations_are_forgotten_after_five_minutes() {
    let mut switch = connected();
    send(&mut switch, 1, ALL, station(1), 10);
    assert_eq!(send(&mut switch, 0, station(1), station(2), 310), [1]);
    assert_eq!(send(&mut switch, 0, station(1), station(2), 311), [1, 2, 3]);
}

#[test]
fn the_longest_silent_station_makes_room() {
    let mut switch = connected();
    for (second, number) in [(0, 1), (1, 2), (2, 3), (3, 1), (4, 4)] {
        send(&mut switch, 1, ALL, station(number), second);
    }
    let now = Duration::from_secs(4);
    let known = [1, 2, 3, 4].map(|number| switch.port_of(station(number), now).is_some());
    assert_eq!(known, [true, false, true, true]);
}

#[test]
fn receiver_is_found_though_the_sender_takes_its_place() {
    let mut switch = connected();
    for number in [1, 2, 3] {
        send(&mut switch, 1, ALL, station(number), u64::from(number));
    }
    assert_eq!(send(&mut switch, 0, station(1), station(4), 4), [1]);
    assert_eq!(switch.port_of(station(1), Duration::from_secs(4)), None);
}

#[test]
fn nobody_is_a_group() {
    let mut switch = connected();
    send(&mut switch, 1, station(2), ALL, 0);
    assert_eq!(switch.port_of(ALL, Duration::ZERO), None);
}

#[test]
fn port_that_takes_nothing_loses_frames_and_costs_others_none() {
    let mut switch = connected();
    for _ in 0..5 {
        switch.bring(Port(0), &frame(ALL, station(1)), Duration::ZERO).unwrap();
        assert!(switch.take(Port(1)).is_some());
    }
    // Ports 2 and 3 have room for two.
    let bytes = 5 * u32::try_from(frame(ALL, station(1)).len()).unwrap();
    assert_eq!(switch.counts(), Counts { frames: 5, bytes, full: 6, bad: 0 });
    assert_eq!(std::iter::from_fn(|| switch.take(Port(2))).count(), 2);
}

#[test]
fn frames_without_header_and_ports_that_are_not_there_are_refused() {
    let mut switch = connected();
    assert_eq!(switch.bring(Port(0), &[0xFF; 13], Duration::ZERO), Err(FrameError::Short { bytes: 13 }));
    assert_eq!(switch.bring(Port(4), &[0xFF; 14], Duration::ZERO), Err(FrameError::NoPort(Port(4))));
    assert_eq!(switch.take(Port(4)), None);
    assert_eq!(switch.counts(), Counts { bad: 2, ..Counts::default() });
}

proptest! {
    /// Any conversation: a frame never comes back to its port, never twice to one, and never elsewhere than to the port
    /// that its station spoke from last, if that is remembered.
    #[test]
    fn any_conversation_goes_where_stations_are(
        frames in proptest::collection::vec((0_usize..4, 0_u8..5, 0_u8..5, 0_u64..200), 1..60),
    ) {
        let mut switch = connected();
        let mut now = 0;
        let mut last = [None; 5];
        for (port, from, to, seconds) in frames {
            now += seconds;
            last[usize::from(from)] = Some(port);
            let known = switch.port_of(station(to), Duration::from_secs(now));
            let ports = send(&mut switch, port, station(to), station(from), now);
            prop_assert!(!ports.contains(&port));
            if let Some(known) = known.filter(|_| from != to) {
                prop_assert_eq!(Some(known.0), last[usize::from(to)]);
                prop_assert!(ports.iter().all(|port| *port == known.0));
            }
        }
    }
}

#[test]
fn frames_of_another_switch_go_to_guests_only() {
    let mut switch = connected();
    for port in [2, 3] {
        switch.connect(Port(port), Side::Switch);
    }
    assert_eq!(send(&mut switch, 2, ALL, station(1), 0), [0, 1]);
    assert_eq!(send(&mut switch, 0, ALL, station(2), 0), [1, 2, 3]);
    assert_eq!(send(&mut switch, 3, station(1), station(3), 0), [0; 0]);
    assert_eq!(send(&mut switch, 0, station(1), station(2), 0), [2]);
}

#[test]
fn port_that_is_taken_away_gets_nothing_and_is_forgotten() {
    let mut switch = connected();
    send(&mut switch, 1, ALL, station(1), 0);
    let waiting = frame(station(1), station(2));
    assert_eq!(switch.bring(Port(0), &waiting, Duration::ZERO), Ok(1));
    switch.disconnect(Port(1));
    assert_eq!(switch.take(Port(1)), None);
    assert_eq!(switch.port_of(station(1), Duration::ZERO), None);
    assert_eq!(send(&mut switch, 0, ALL, station(2), 0), [2, 3]);
    let error = switch.bring(Port(1), &waiting, Duration::ZERO);
    assert_eq!(error, Err(FrameError::NoPort(Port(1))));
    switch.connect(Port(1), Side::Guest);
    assert_eq!(send(&mut switch, 0, ALL, station(2), 0), [1, 2, 3]);
}
