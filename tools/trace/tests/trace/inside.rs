//! What happens inside of polls and across them: stays in guests, calls, leases.

use perfetto_check::Slice;
use scc_trace::export::{chrome, csv};
use scc_trace::report::{CallEnd, Figures, LeaseEnd, text};
use scc_trace::why::{Question, explain};
use scc_trace::{ExitReason, GuestRun, Item, Trace, walk};
use trace_format::phase::BootPhase;
use trace_format::record::{Event, Lease, PollOutcome, RemoteCall, TaskBefore, TaskNumber, TextPlace};

const GUEST: TaskNumber = TaskNumber(9);
const CALL: RemoteCall = RemoteCall { life: 1, number: 77, procedure: 3 };
const OTHER: RemoteCall = RemoteCall { number: 78, ..CALL };

fn begun(task: TaskNumber) -> Vec<(u64, Event)> {
    vec![
        (1, Event::BootPhase(BootPhase::Reset)),
        (2, Event::TaskSpawn { task, name: TextPlace { address: task.0, length: 1 } }),
        (3, Event::TaskReady(task)),
        (10, Event::PollBegin { task, before: TaskBefore::Waits }),
    ]
}

fn exit(vector: u8, value: u32) -> Event {
    Event::GuestExit { vector, eip: 0x1000, value }
}

const ENTER: Event = Event::GuestEnter { eip: 0x1000 };

/// A core whose guest makes a hypercall, is interrupted, faults, and spins until the poll ends.
fn guest() -> Trace {
    let mut records = begun(GUEST);
    records.extend([
        (20, ENTER),
        (30, exit(0x82, 3)),
        (45, ENTER),
        (65, exit(0x40, 0)),
        (66, Event::IrqEnter { vector: 0x40, eip: 0x1000 }),
        (70, Event::IrqExit(0x40)),
        (80, ENTER),
        (110, exit(14, 0xF000_0000)),
        (120, Event::PollEnd { task: GUEST, outcome: PollOutcome::Pending }),
        (121, Event::Idle),
        (200, Event::TaskReady(GUEST)),
        (210, Event::PollBegin { task: GUEST, before: TaskBefore::Waits }),
        (220, ENTER),
        (260, exit(0x82, 3)),
        (270, Event::PollEnd { task: GUEST, outcome: PollOutcome::Ready }),
        (280, Event::Idle),
    ]);
    super::made_of(&[records])
}

#[test]
fn stays_in_guests_have_a_reason_and_what_it_took_to_serve_the_one_before() {
    let mut runs = Vec::new();
    walk(&guest(), |_, _, item| {
        if let Item::Guest(GuestRun { reason, from, to, served }) = item {
            runs.push((reason, to.cycles - from.cycles, served));
        }
    });
    let (halt, timer) = (ExitReason::Call(3), ExitReason::Interrupt(0x40));
    assert_eq!(
        runs,
        [
            (halt, 10, None),
            (timer, 20, Some((halt, 15))),
            (ExitReason::Exception(14), 30, Some((timer, 15))),
            // The poll before has ended: what lies between is no service.
            (halt, 40, None),
        ]
    );
}

#[test]
fn ways_out_of_guests_are_reported_by_reason() {
    let figures = Figures::of(&guest());
    let exits: Vec<_> = figures
        .exits
        .iter()
        .map(|exits| (exits.reason.as_str(), exits.count, exits.run.unwrap().most))
        .collect();
    assert_eq!(exits, [("call halt", 2, 40), ("page fault", 1, 30), ("interrupt 0x40", 1, 20)]);
    assert_eq!((figures.cores[0].guests, figures.cores[0].polls), (100, 166), "guests are part of polls");
    let text = text(&figures);
    let line = text.lines().find(|line| line.contains("call halt")).unwrap();
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words[..4], ["0", "call", "halt", "2"], "{line}");
    assert!(text.contains("core 0: 100 cycles in guests, 35.7%"), "{text}");
}

/// A service waits for the end of a guest's poll, in which it was woken, first by an interrupt, then by the guest's own task.
#[test]
fn exits_of_guests_are_told_where_they_made_a_task_late() {
    const SERVICE: TaskNumber = TaskNumber(7);
    let name = TextPlace { address: 7, length: 1 };
    let mut records = begun(GUEST);
    let served = [
        Event::PollBegin { task: SERVICE, before: TaskBefore::Waits },
        Event::PollEnd { task: SERVICE, outcome: PollOutcome::Pending },
    ];
    records.extend([
        (11, Event::TaskSpawn { task: SERVICE, name }),
        (20, ENTER),
        (30, exit(0x82, 3)),
        (45, ENTER),
        (65, exit(0x40, 0)),
        (66, Event::IrqEnter { vector: 0x40, eip: 0x1000 }),
        (68, Event::TaskReady(SERVICE)),
        (70, Event::IrqExit(0x40)),
        (72, ENTER),
        (75, exit(0x82, 3)),
        (80, Event::PollEnd { task: GUEST, outcome: PollOutcome::Pending }),
        (81, served[0]),
        (85, served[1]),
        (86, Event::TaskReady(GUEST)),
        (90, Event::PollBegin { task: GUEST, before: TaskBefore::Waits }),
        (91, ENTER),
        (95, exit(0x82, 1)),
        (96, Event::TaskReady(SERVICE)),
        (99, Event::PollEnd { task: GUEST, outcome: PollOutcome::Pending }),
        (100, served[0]),
        (105, served[1]),
        (106, Event::Idle),
    ]);
    let trace = super::made_of(&[records]);
    let links = |at: u64| {
        let question = Question { task: Some("task 7".to_owned()), core: None, at: Some(at * 1_000_000) };
        explain(&trace, &question).unwrap()
    };
    let by_interrupt = &links(82)[0].meanwhile;
    assert!(
        by_interrupt.contains(&"`task 9`: 10 cycles; its guest was left by call halt".to_owned()),
        "{by_interrupt:?}"
    );
    let by_guest = &links(101)[0].cause;
    let expected = "by `task 9`, whose guest was left at 0.095000 ms by call console_write";
    assert!(by_guest.ends_with(expected), "{by_guest}");
}

/// Core 0 makes two calls at once to core 1, which serves one of them.
fn calls() -> Trace {
    served(&[
        (20, Event::CallBegin { to: 1, call: CALL }),
        (22, Event::CallBegin { to: 1, call: OTHER }),
        (90, Event::CallEnd { to: 1, call: CALL }),
    ])
}

/// What core 0 says of calls to core 1, which serves one of them from 40 to 60.
fn served(calls: &[(u64, Event)]) -> Trace {
    let mut caller = begun(GUEST);
    caller.extend(calls);
    caller.push((99, Event::Idle));
    let mut callee = begun(GUEST);
    callee.extend([
        (40, Event::ServeBegin { from: 0, call: CALL }),
        (60, Event::ServeEnd { from: 0, call: CALL }),
        (99, Event::Idle),
    ]);
    super::made_of(&[caller, callee])
}

#[test]
fn calls_are_counted_at_both_ends() {
    let figures = Figures::of(&calls());
    let ends: Vec<_> = figures
        .calls
        .iter()
        .map(|calls| {
            (
                calls.core,
                calls.end,
                calls.procedure,
                calls.begun,
                calls.cycles.map(|all| (all.count, all.most)),
            )
        })
        .collect();
    assert_eq!(
        ends,
        [(0, CallEnd::Made, 3, 2, Some((1, 70))), (1, CallEnd::Served, 3, 1, Some((1, 20)))],
        "a call without an end has no length"
    );
}

/// Slices without their names.
fn spans_of(slices: &[Slice]) -> Vec<(u64, u64, usize)> {
    slices.iter().map(|slice| (slice.from, slice.to, slice.depth)).collect()
}

#[test]
fn exports_show_calls_at_once_side_by_side_with_arrows_to_the_callee_and_back() {
    let drawn = super::perfetto::export_of(&calls());
    let lanes: Vec<_> =
        drawn.threads.iter().filter(|(_, thread)| thread.name == perfetto_check::DEALINGS).collect();
    let spans = lanes.iter().map(|(track, thread)| (thread.process, spans_of(&drawn.slices[*track])));
    assert_eq!(
        spans.collect::<Vec<_>>(),
        [(1, vec![(20_000, 90_000, 0)]), (1, vec![(22_000, 99_000, 0)]), (2, vec![(40_000, 60_000, 0)]),]
    );
    let arrows: Vec<_> = drawn.ended.iter().map(|(arrow, end)| (drawn.begun[arrow], *end)).collect();
    assert!(arrows.contains(&(20_000, 40_000)) && arrows.contains(&(60_000, 90_000)), "{arrows:?}");
}

#[test]
fn caller_that_gives_up_has_no_arrow_from_the_reply() {
    let drawn = super::perfetto::export_of(&served(&[
        (20, Event::CallBegin { to: 1, call: CALL }),
        (50, Event::CallEnd { to: 1, call: CALL }),
    ]));
    assert!(
        drawn.ended.values().any(|end| *end == 40_000) && !drawn.ended.values().any(|end| *end == 50_000)
    );
}

#[test]
fn exports_show_guests_within_their_polls() {
    let drawn = super::perfetto::export_of(&guest());
    let mut slices = drawn.slices.values().map(|slices| spans_of(slices));
    let polls = slices.find(|slices| slices.contains(&(10_000, 120_000, 0))).unwrap();
    let runs = [(20_000, 30_000, 1), (45_000, 65_000, 1), (80_000, 110_000, 1), (220_000, 260_000, 1)];
    assert!(runs.iter().all(|run| polls.contains(run)), "{polls:?}");
    let mut table = Vec::new();
    csv::write(&guest(), &mut table).unwrap();
    let table = String::from_utf8(table).unwrap();
    assert!(table.contains("0,0,guest,page fault,80000,110000,80,30,,,"), "{table}");
    let mut page = Vec::new();
    chrome::write(&guest(), &mut page).unwrap();
    assert!(String::from_utf8(page).unwrap().contains("guest, until call halt"));
}

/// Core 0 lends two blocks to core 1, which borrows the first from 40 to 60 and the second until after the lender gave up.
fn leases() -> Trace {
    const FIRST: Lease = Lease { life: 1, number: 5, bytes: 8_192 };
    const SECOND: Lease = Lease { number: 6, bytes: 100, ..FIRST };
    let mut lender = begun(GUEST);
    lender.extend([
        (20, Event::LendBegin { to: 1, lease: FIRST }),
        (22, Event::LendBegin { to: 1, lease: SECOND }),
        (90, Event::LendEnd { to: 1, lease: FIRST }),
        (92, Event::LendEnd { to: 1, lease: SECOND }),
        (99, Event::Idle),
    ]);
    let mut borrower = begun(GUEST);
    borrower.extend([
        (40, Event::BorrowBegin { from: 0, lease: FIRST }),
        (60, Event::BorrowEnd { from: 0, lease: FIRST }),
        (70, Event::BorrowBegin { from: 0, lease: SECOND }),
        (95, Event::BorrowEnd { from: 0, lease: SECOND }),
        (99, Event::Idle),
    ]);
    super::made_of(&[lender, borrower])
}

#[test]
fn leases_are_counted_at_both_ends_with_their_bytes() {
    let figures = Figures::of(&leases());
    let ends: Vec<_> = figures
        .leases
        .iter()
        .map(|leases| {
            (
                leases.core,
                leases.end,
                leases.begun,
                leases.bytes,
                leases.cycles.map(|all| (all.least, all.most)),
            )
        })
        .collect();
    assert_eq!(
        ends,
        [(0, LeaseEnd::Lent, 2, 8_292, Some((70, 70))), (1, LeaseEnd::Borrowed, 2, 8_292, Some((20, 25)))]
    );
    assert!(figures.calls.is_empty());
    let text = text(&figures);
    assert!(text.contains("0  lent             2         2         8292"), "{text}");
}

#[test]
fn exports_show_leases_with_arrows_to_the_borrower_and_back_if_it_returned_in_time() {
    let drawn = super::perfetto::export_of(&leases());
    let arrows: Vec<_> = drawn.ended.iter().map(|(arrow, end)| (drawn.begun[arrow], *end)).collect();
    for arrow in [(20_000, 40_000), (22_000, 70_000), (60_000, 90_000)] {
        assert!(arrows.contains(&arrow), "{arrow:?} of {arrows:?}");
    }
    assert!(!drawn.ended.values().any(|end| *end == 92_000), "{arrows:?}");
}
