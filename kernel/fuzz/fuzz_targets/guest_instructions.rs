//! Any bytes as an instruction of a guest: both decoders answer, look at no more than an instruction's bytes, and what they
//! accept does not depend on what follows.
#![no_main]

use kernel::hypervisor::emulate::{DecodeError, GeneralRegisters, LENGTH_MAX, mmio, privileged};
use libfuzzer_sys::fuzz_target;

/// Checks a decoder that gives the instruction and its length.
fn check<T: PartialEq + std::fmt::Debug>(
    bytes: &[u8],
    decode: impl Fn(&[u8]) -> Result<(T, u8), DecodeError>,
) {
    let Ok((instruction, length)) = decode(bytes) else { return };
    let length = usize::from(length);
    assert!(length <= LENGTH_MAX && length <= bytes.len());
    assert_eq!(decode(&bytes[..length]), Ok((instruction, length as u8)));
    assert_eq!(decode(&bytes[..length - 1]), Err(DecodeError::Ends));
}

fuzz_target!(|bytes: &[u8]| {
    check(bytes, |bytes| privileged::decode(bytes).map(|found| (found, found.length)));
    check(bytes, |bytes| mmio::decode(bytes).map(|found| (found, found.length)));
    if let Ok(access) = mmio::decode(bytes) {
        let mut registers = GeneralRegisters([0x7234_5678; 8]);
        let offset = access.operand.offset(&registers);
        assert!(offset <= access.operand.size.mask());
        if let mmio::Direction::Store(source) = access.direction {
            assert!(source.value(&registers) <= access.width.mask());
        }
        let flags = access.complete(u32::MAX, &mut registers);
        assert_eq!(flags.is_some(), matches!(access.direction, mmio::Direction::Compare { .. }));
    }
});
