//! Chains of causes in a chip whose rhythm is known.

use scc::id::CoreId;
use scc_trace::why::{NoAnswer, Question, explain, text};
use trace_format::phase::BootPhase;
use trace_format::record::{Event, TaskBefore, TaskNumber, TextPlace};

use super::synthetic::ROUND;

fn question(task: &str, at: Option<u64>) -> Question {
    Question { task: Some(task.to_owned()), core: CoreId::new(2), at }
}

/// Picoseconds of a cycle in a round of core 2, which begins two microseconds late.
fn time(round: u64, cycles: u64) -> u64 {
    2_000_000 + ((round + 1) * ROUND + cycles) * 1_875
}

#[test]
fn chain_leads_over_letters_and_doorbells_to_other_cores() {
    let links = explain(&super::trace(3, 10), &question("work", Some(time(5, 600)))).unwrap();
    let names: Vec<_> = links.iter().map(|link| (link.task.core.number(), link.task.name.as_str())).collect();
    // Woken by mail, which had read a letter that work on core 1 had written a round before, and so on.
    assert_eq!(&names[..3], [(2, "work"), (1, "work"), (0, "work")]);
    assert!(
        links[0].cause.contains("by `mail`, which had read a letter that core 01 wrote"),
        "{}",
        links[0].cause
    );
    for pair in links.windows(2) {
        assert!(pair[1].poll.from.time < pair[0].poll.from.time, "causes come first");
    }
    let last = links.last().unwrap();
    assert!(last.cause.contains("woken at"), "{}", last.cause);
}

#[test]
fn doorbell_leads_to_who_rang() {
    let links = explain(&super::trace(3, 10), &question("mail", Some(time(5, 260)))).unwrap();
    assert!(links[0].cause.contains("interrupt 0x41: core 01 had rung"), "{}", links[0].cause);
    assert_eq!((links[1].task.core.number(), links[1].task.name.as_str()), (1, "work"));
}

#[test]
fn direct_pin_leads_to_who_raised_it_last() {
    let task = TaskNumber(9);
    let spawned = |name| Event::TaskSpawn { task, name: TextPlace { address: name, length: 1 } };
    let begin = Event::PollBegin { task, before: TaskBefore::Waits };
    let (irq, done) = (|vector| Event::IrqEnter { vector, eip: 0 }, Event::IrqExit);
    let reset = (1, Event::BootPhase(BootPhase::Reset));
    let sender = vec![
        reset,
        (2, spawned(0)),
        (3, Event::TaskReady(task)),
        (10, begin),
        (50, Event::DirectRaised(1)),
        (60, Event::Idle),
    ];
    let receiver = vec![
        reset,
        (2, spawned(1)),
        (10, Event::Idle),
        // An interrupt that has nothing to do with it comes in between.
        (55, irq(0x40)),
        (57, done(0x40)),
        (58, irq(0x60)),
        (59, Event::TaskReady(task)),
        (60, done(0x60)),
        (65, begin),
        (70, Event::Idle),
    ];
    let question = Question { task: Some("task 1".to_owned()), ..Question::default() };
    let links = explain(&super::made_of(&[sender, receiver]), &question).unwrap();
    assert!(
        links[0].cause.contains("core 00 had raised its direct pin at 0.050000 ms"),
        "{}",
        links[0].cause
    );
    assert_eq!((links[1].task.name.as_str(), links[0].led), ("task 0", Some(50_000_001)));
}

#[test]
fn what_ran_meanwhile_adds_up_to_the_wait() {
    let links = explain(&super::trace(3, 10), &question("background", Some(time(5, 2_100)))).unwrap();
    let wake = links[0].poll.woken.unwrap();
    let wait = links[0].poll.from.cycles - wake.at.cycles;
    let cycles = |words: &String| -> u64 {
        let words = words.split(": ").nth(1).unwrap();
        words.split(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(links[0].meanwhile.iter().map(cycles).sum::<u64>(), wait);
    assert!(links[0].meanwhile[0].starts_with("`work`: 900 cycles"), "{:?}", links[0].meanwhile);
    assert!(text(&links).contains("waited for interrupts: 100 cycles"), "{}", text(&links));
}

#[test]
fn longest_wait_is_found_and_unknown_names_are_answered() {
    let trace = super::trace(3, 10);
    let longest = explain(&trace, &Question::default()).unwrap();
    assert_eq!(longest[0].task.name, "work", "it yields to `background` for up to 1,900 cycles");
    let missing = explain(&trace, &question("nobody", None)).unwrap_err();
    assert_eq!(missing, NoAnswer::NoTask("background, mail, work".to_owned()));
    assert_eq!(explain(&trace, &question("work", Some(u64::MAX))).unwrap_err(), NoAnswer::NoPoll);
}
