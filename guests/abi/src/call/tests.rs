//! Calls and the registers that stand for them.

use proptest::prelude::{any, prop_assert_eq, proptest};

use super::*;

#[test]
fn registers_are_those_of_the_table() {
    let at = GuestVirtAddr::new;
    let table = GuestPhysAddr::new(0x5000);
    for (call, registers) in [
        (Call::Interface { version: 1 }, [0, 1, 0, 0]),
        (Call::End { reason: EndReason::Panic, detail: 7 }, [2, 2, 7, 0]),
        (Call::Halt { interrupts: Interrupts::On }, [3, 1, 0, 0]),
        (Call::SetTimer { nanoseconds: 0x1_0000_0002 }, [4, 2, 1, 0]),
        (Call::ReturnWindow { first: at(8), end: at(16) }, [9, 8, 16, 0]),
        (Call::Switch { table, tag: 5, memory: TagMemory::Forgotten }, [13, 0x5000, 5, 1]),
        (Call::Forget(Extent::CurrentTag), [14, 1, 0, 0]),
        (Call::Count(Counter::Fills), [21, 2, 0, 0]),
        (
            Call::Put { from: bytes(0x4000, 12), to: WindowPlace { member: 47, offset: 500 } },
            [16, 0x4000, 12, 47 << 16 | 500],
        ),
        (Call::Receive { message: bytes(0x4000, u32::MAX), from: 3 }, [19, 0x4000, u32::MAX, 3]),
        (Call::Forget(Extent::Range { first: at(1), last: at(u32::MAX) }), [14, 2, 1, u32::MAX]),
    ] {
        assert_eq!(call.encode(), registers);
        assert_eq!(Call::decode(registers), Ok(call));
    }
}

#[test]
fn arguments_without_meaning_and_unknown_numbers_are_told_apart() {
    for registers in [
        [1, 0, CONSOLE_BYTES_MAX + 1, 0],
        [2, 3, 0, 0],
        [3, 2, 0, 0],
        [7, 1, 0, 0],
        [9, 2, 1, 0],
        [13, 0, TAGS, 0],
        [13, 0, 0, 2],
        [14, 3, 0, 0],
        [14, 2, 2, 1],
        [16, 0, 2, 511],
        [17, 0, u32::MAX, 1],
        [21, 7, 0, 0],
    ] {
        assert_eq!(Call::decode(registers), Err(CallError::Argument), "{registers:?}");
    }
    for number in [22, 0x80, u32::MAX] {
        assert_eq!(Call::decode([number, 0, 0, 0]), Err(CallError::Unknown));
    }
}

proptest! {
    /// Few numbers are known, so they are drawn often.
    #[test]
    fn what_decodes_encodes_to_a_call_that_is_the_same(
        number in 0_u32..24,
        first in proptest::prop_oneof![0_u32..4, any::<u32>()],
        second in proptest::prop_oneof![0_u32..2048, any::<u32>()],
        third in proptest::prop_oneof![0_u32..4, any::<u32>()],
    ) {
        if let Ok(call) = Call::decode([number, first, second, third]) {
            prop_assert_eq!(Call::decode(call.encode()), Ok(call));
            prop_assert_eq!(call.encode()[0], number);
            prop_assert_eq!(call.is_of_group(), (15..21).contains(&number));
        }
    }
}
