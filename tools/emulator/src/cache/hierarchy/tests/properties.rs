//! Properties over random sequences of accesses.

use super::*;
use proptest::prelude::*;
use scc::memory_type::MemoryType::{
    MpbtUncached, MpbtWriteBack, MpbtWriteThrough, Uncached, WriteBack, WriteThrough,
};

#[derive(Debug, Clone, Copy)]
enum Step {
    Load { at: u32, bytes: u32, kind: MemoryType },
    Store { at: u32, bytes: u32, value: u64, kind: MemoryType },
    Fetch { at: u32, kind: MemoryType },
    Locked { at: u32, bytes: u32, kind: MemoryType },
    WriteBackAll,
    DropMessages,
    Control { cache_disable: bool, fill_inhibit: bool, way_disable: bool },
}

/// What a step returns, as far as a program or the scheduler sees it.
type Outcome = Result<(u64, Time, bool), Refusal>;

impl Rig {
    fn step(&mut self, step: Step, may_leave: bool) -> Outcome {
        let issue = Issue { may_leave, ..self.issue() };
        let Self { side, mesh, .. } = self;
        let plain = |access: Access| (access.value, access.stall, access.left);
        match step {
            Step::Load { at, bytes, kind } => {
                side.load(mesh, issue, PhysAddr::new(at), bytes, kind).map(plain)
            }
            Step::Store { at, bytes, value, kind } => {
                side.store(mesh, issue, PhysAddr::new(at), bytes, value, kind).map(plain)
            }
            Step::Fetch { at, kind } => {
                let fetch = side.fetch_line(mesh, issue, PhysAddr::new(at), kind)?;
                Ok((0, fetch.stall, fetch.left))
            }
            Step::Locked { at, bytes, kind } => {
                let at = PhysAddr::new(at);
                let mut accesses = vec![side.prepare_locked(mesh, issue, at, bytes)?];
                let must_hold = |result: Result<Access, Refusal>| match result {
                    Err(Refusal::NotYet) if !kind.is_mpbt() && kind.is_cacheable() => {
                        panic!("refused in the middle of a locked operation")
                    }
                    other => other,
                };
                accesses.push(must_hold(side.load(mesh, issue, at, bytes, kind))?);
                let value = accesses[1].value.wrapping_add(1) & (u64::MAX >> (64 - 8 * bytes));
                accesses.push(must_hold(side.store(mesh, issue, at, bytes, value, kind))?);
                Ok((accesses[1].value, accesses[2].stall, accesses.iter().any(|access| access.left)))
            }
            Step::WriteBackAll => side.wbinvd(mesh, issue).map(plain),
            Step::DropMessages => {
                side.cl1invmb();
                Ok((0, Time::ZERO, false))
            }
            Step::Control { cache_disable, fill_inhibit, way_disable } => {
                self.set(|control| {
                    control.cache_disable = cache_disable;
                    control.not_write_through = false;
                    control.l1_fill_inhibit = fill_inhibit;
                    control.l2_way_disable = way_disable;
                });
                Ok((0, Time::ZERO, false))
            }
        }
    }
}

/// Starts of lines that share L1 sets and, the first six, L2 sets.
const LINES: [u32; 10] =
    [0, 0x1_0000, 0x2_0000, 0x3_0000, 0x4_0000, 0x5_0000, 0x6_1000, 0x7_2000, 0x8_3000, 0x9_4000];

/// Accesses inside one of 20 lines of two L1 sets.
fn place() -> impl Strategy<Value = (u32, u32)> {
    (prop::sample::select(&LINES), 0..2_u32, 1..=8_u32, 0..32_u32)
        .prop_map(|(start, set, bytes, offset)| (start + set * 32 + offset.min(32 - bytes), bytes))
}

fn any_kind() -> BoxedStrategy<MemoryType> {
    prop::sample::select(vec![
        WriteBack,
        WriteThrough,
        Uncached,
        MpbtWriteBack,
        MpbtWriteThrough,
        MpbtUncached,
    ])
    .boxed()
}

fn value(bytes: u32) -> impl Strategy<Value = u64> {
    any::<u64>().prop_map(move |value| value & (u64::MAX >> (64 - 8 * bytes)))
}

/// Steps whose memory type is drawn from `kind`.
fn access(kind: BoxedStrategy<MemoryType>) -> impl Strategy<Value = Step> {
    let store = (place(), kind.clone())
        .prop_flat_map(|((at, bytes), kind)| (Just((at, bytes, kind)), value(bytes)))
        .prop_map(|((at, bytes, kind), value)| Step::Store { at, bytes, value, kind });
    prop_oneof![
        6 => (place(), kind.clone()).prop_map(|((at, bytes), kind)| Step::Load { at, bytes, kind }),
        6 => store,
        2 => (place(), kind.clone()).prop_map(|((at, _), kind)| Step::Fetch { at, kind }),
        1 => (place(), kind).prop_map(|((at, bytes), kind)| Step::Locked { at, bytes, kind }),
        1 => Just(Step::WriteBackAll),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let control = any::<[bool; 3]>().prop_map(|[cache_disable, fill_inhibit, way_disable]| Step::Control {
        cache_disable,
        fill_inhibit,
        way_disable,
    });
    prop_oneof![
        16 => access(any_kind()),
        1 => Just(Step::DropMessages),
        1 => control,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_refused_access_changes_nothing_and_an_unrefused_one_does_not_leave(
        steps in prop::collection::vec(any_step(), 1..100)
    ) {
        let mut rig = Rig::new();
        for step in steps {
            let mut trial = rig.clone();
            let kept = trial.step(step, false);
            let before = rig.clone();
            let done = rig.step(step, true).unwrap();
            match kept {
                Ok(outcome) => {
                    prop_assert_eq!(outcome, done, "{:?}", step);
                    prop_assert_eq!(&trial, &rig, "{:?}", step);
                    prop_assert_eq!(&trial.mesh.seen, &before.mesh.seen, "{:?} used the mesh", step);
                    prop_assert!(!done.2, "{:?}", step);
                }
                Err(refusal) => {
                    prop_assert_eq!(refusal, Refusal::NotYet);
                    if !matches!(step, Step::Locked { .. }) {
                        prop_assert_eq!(&trial, &before, "{:?}", step);
                    }
                    prop_assert!(done.2, "{:?} was refused without need", step);
                }
            }
            rig.now += PERIOD + done.1.as_picoseconds();
        }
    }

    #[test]
    fn one_type_per_line_is_coherent_for_the_core_itself(
        kinds in prop::collection::vec(any_kind(), 20),
        steps in prop::collection::vec(access(Just(WriteBack).boxed()), 1..200)
    ) {
        let kind_of = |at: u32| kinds[(at >> 16) as usize * 2 + (at >> 5 & 1) as usize];
        let mut rig = Rig::new();
        let mut shadow: BTreeMap<u32, u8> = BTreeMap::new();
        for step in steps {
            let step = match step {
                Step::Load { at, bytes, .. } => Step::Load { at, bytes, kind: kind_of(at) },
                Step::Store { at, bytes, value, .. } => Step::Store { at, bytes, value, kind: kind_of(at) },
                Step::Locked { at, bytes, .. } => Step::Locked { at, bytes, kind: kind_of(at) },
                other => other,
            };
            let (value, stall, _) = rig.step(step, true).unwrap();
            rig.now += PERIOD + stall.as_picoseconds();
            let expected = |shadow: &BTreeMap<u32, u8>, at: u32, bytes: u32| {
                (0..bytes).rev().fold(0_u64, |value, byte| {
                    value << 8 | u64::from(shadow.get(&(at + byte)).copied().unwrap_or(0))
                })
            };
            match step {
                Step::Load { at, bytes, .. } => prop_assert_eq!(value, expected(&shadow, at, bytes)),
                Step::Store { at, bytes, value, .. } => {
                    for (byte, part) in (0..bytes).zip(value.to_le_bytes()) {
                        shadow.insert(at + byte, part);
                    }
                }
                Step::Locked { at, bytes, .. } => {
                    prop_assert_eq!(value, expected(&shadow, at, bytes));
                    for (byte, part) in (0..bytes).zip(value.wrapping_add(1).to_le_bytes()) {
                        shadow.insert(at + byte, part);
                    }
                }
                _ => {}
            }
        }
    }
}
