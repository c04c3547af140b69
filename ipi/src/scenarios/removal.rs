//! Takes each invalidate and each push away, one at a time: some scenario must notice.

use std::collections::HashSet;
use std::eprintln;
use std::format;
use std::fs;
use std::panic;
use std::path::Path;
use std::vec::Vec;

use super::seeded::SCENARIOS;
use super::*;
use crate::mesh::{Invalidate, Push};
use crate::testing::{Odds, Removed};

const SEEDS: u64 = 12;

/// First scenario and seed that fail without the place.
fn noticed_by(removed: Removed) -> Option<(&'static str, u64)> {
    // The lack of most places shows with the first seed, in one scenario or another.
    (0..SEEDS).find_map(|seed| {
        SCENARIOS.iter().find_map(|(name, scenario)| {
            let (machine, check) = scenario(Chooser::seeded(seed, Odds::HOSTILE));
            let mut machine = machine.without(removed).steps(300_000);
            run(&mut machine, check).is_err().then_some((*name, seed))
        })
    })
}

#[test]
fn removing_any_invalidate_or_push_makes_a_scenario_fail() {
    panic::set_hook(std::boxed::Box::new(|_| {}));
    let unnoticed: Vec<_> = Removed::all()
        .filter(|removed| {
            let noticed = noticed_by(*removed);
            eprintln!("{removed:?}: {noticed:?}");
            noticed.is_none()
        })
        .collect();
    let _ = panic::take_hook();
    assert_eq!(unnoticed, []);
}

#[test]
fn scenarios_reach_every_place() {
    let mut reached = HashSet::new();
    for (_, scenario) in SCENARIOS {
        let (mut machine, check) = scenario(Chooser::seeded(0, Odds::HOSTILE));
        assert_eq!(run(&mut machine, check), Ok(()));
        let (invalidates, pushes) = machine.places();
        reached.extend(invalidates.into_iter().map(Removed::Invalidate));
        reached.extend(pushes.into_iter().map(Removed::Push));
    }
    let missing: Vec<_> = Removed::all().filter(|place| !reached.contains(place)).collect();
    assert_eq!(missing, []);
}

/// Text of all files that may name a place: everything but the list of places, the fake and the scenarios.
fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            if !path.ends_with("testing") && !path.ends_with("scenarios") {
                sources(&path, text);
            }
        } else if !path.ends_with("mesh/fence.rs") {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_place_is_named_once() {
    let mut text = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    for place in Removed::all() {
        let name = match place {
            Removed::Invalidate(place) => format!("Invalidate::{place:?})"),
            Removed::Push(place) => format!("Push::{place:?})"),
        };
        assert_eq!(text.matches(&name).count(), 1, "{name}");
    }
    assert_eq!(text.matches(".invalidate(Invalidate::").count(), Invalidate::ALL.len());
    assert_eq!(text.matches(".push(Push::").count(), Push::ALL.len());
}
