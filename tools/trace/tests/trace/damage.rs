//! Files that are no traces, or no longer: each is answered with what is wrong and where.

use proptest::prelude::{any, prop_assert, proptest};
use scc_trace::{Damage, read_bytes, read_file};

use super::bytes;

fn refused(bytes: &[u8]) -> Damage {
    read_bytes(bytes, false, |_, _| {}).expect_err("the bytes are no whole trace")
}

#[test]
fn whole_file_reads_back() {
    let trace = super::trace(3, 100);
    let expected = 3 * (9 + 100 * 18);
    assert_eq!(u64::try_from(trace.records()).unwrap(), expected);
    assert_eq!(trace.about.cores, "0-2");
    assert_eq!(trace.outcome.as_deref(), Some("all rounds are over"));
    assert_eq!(trace.damage, None);
    assert_eq!(trace.lives().len(), 3);
}

#[test]
fn foreign_files_are_named_as_such() {
    assert_eq!(
        refused(b"\x7fELF").to_string(),
        "no trace: it does not begin as MCAP files do; record one with `cargo run -- trace -o FILE`"
    );
    assert!(matches!(refused(b""), Damage::Foreign));
    let mut out = std::io::Cursor::new(Vec::new());
    let options = mcap::WriteOptions::new().compression(None).profile("ros1");
    options.create(&mut out).unwrap().finish().unwrap();
    let other = refused(&out.into_inner());
    assert_eq!(
        other.to_string(),
        "an MCAP file of profile `ros1`, not of a kernel's trace (`metalsvm-trace`)"
    );
}

#[test]
fn other_versions_are_refused_with_both_numbers() {
    let mut out = std::io::Cursor::new(Vec::new());
    let options = mcap::WriteOptions::new().compression(None).profile("metalsvm-trace");
    let mut writer = options.create(&mut out).unwrap();
    let metadata = [("version".to_owned(), "9".to_owned())].into();
    writer.write_metadata(&mcap::records::Metadata { name: "metalsvm-trace".to_owned(), metadata }).unwrap();
    writer.finish().unwrap();
    drop(writer);
    let text = refused(&out.into_inner()).to_string();
    assert!(text.starts_with("trace of version 9; this program reads version 1"), "{text}");
}

#[test]
fn cut_off_file_tells_where_and_its_beginning_can_be_read() {
    let whole = bytes(2, 4_000, None);
    let cut = &whole[..whole.len() / 2];
    let damage = refused(cut);
    assert!(matches!(damage, Damage::Truncated { .. }), "{damage}");
    assert_eq!(damage.offset(), u64::try_from(cut.len()).unwrap());
    let beginning = read_bytes(cut, true, |_, _| {}).unwrap();
    assert!(beginning.records() > 0);
    assert!(beginning.damage.unwrap().contains("cut off"));
    assert_eq!(beginning.outcome, None);
}

#[test]
fn flipped_bit_in_the_records_is_found_by_the_checksum() {
    let mut whole = bytes(1, 200, None);
    let middle = whole.len() / 2;
    whole[middle] ^= 4;
    let damage = refused(&whole);
    assert!(damage.to_string().contains("CRC"), "{damage}");
}

#[test]
fn missing_file_is_named_with_what_makes_one() {
    let error = read_file("no/such.trace".as_ref(), false, |_, _| {}).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("cannot read no/such.trace: "), "{text}");
    assert!(text.ends_with("next: `cargo run -- trace -o no/such.trace` records a trace"), "{text}");
}

proptest! {
    #[test]
    fn damaged_files_are_answered(
        at in any::<proptest::sample::Index>(),
        value in any::<u8>(),
        cut in any::<proptest::sample::Index>(),
        damaged in any::<bool>(),
    ) {
        let mut file = bytes(2, 20, None);
        let at = at.index(file.len());
        file[at] = value;
        file.truncate(cut.index(file.len()).max(file.len() / 2));
        match read_bytes(&file, damaged, |_, _| {}) {
            Ok(trace) => drop(scc_trace::report::Figures::of(&trace)),
            Err(damage) => prop_assert!(damage.offset() <= u64::try_from(file.len()).unwrap(), "{damage}"),
        }
    }

    #[test]
    fn any_bytes_are_answered(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), begins in any::<bool>()) {
        if begins {
            bytes.splice(..0, mcap::MAGIC.iter().copied());
        }
        let read = read_bytes(&bytes, true, |_, _| {});
        prop_assert!(read.is_err());
    }
}
