//! Archives of first files, in the form that Linux unpacks at its start: cpio with the header "070701". Several archives may
//! follow each other.
//!
//! Facts: Documentation/driver-api/early-userspace/buffer-format.rst.

/// Mode of a program that everybody may execute.
const PROGRAM: u32 = 0o100_755;
/// Name of the entry behind the last one.
const END: &str = "TRAILER!!!";

/// Appends an archive with one program to `archives`.
pub(super) fn append_program(archives: &mut Vec<u8>, name: &str, contents: &[u8]) {
    align(archives);
    append_entry(archives, name, PROGRAM, contents);
    append_entry(archives, END, 0, &[]);
}

fn append_entry(archive: &mut Vec<u8>, name: &str, mode: u32, contents: &[u8]) {
    let length = |length: usize| u32::try_from(length).expect("files are made here, far below 4 GB");
    // Number, mode, owner, group, links, time, length, four numbers of devices, length of the name with its zero, sum.
    let links = 1;
    let words = [0, mode, 0, 0, links, 0, length(contents.len()), 0, 0, 0, 0, length(name.len() + 1), 0];
    archive.extend(b"070701");
    archive.extend(words.iter().flat_map(|word| format!("{word:08x}").into_bytes()));
    archive.extend(name.bytes().chain([0]));
    align(archive);
    archive.extend(contents);
    align(archive);
}

fn align(archive: &mut Vec<u8>) {
    archive.resize(archive.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_aligned_and_the_end_is_marked() {
        let mut archive = vec![1; 5];
        append_program(&mut archive, "run", b"ab");
        let header = "070701\
                      00000000000081ed0000000000000000000000010000000000000002\
                      000000000000000000000000000000000000000400000000";
        assert_eq!(archive[8..118], *header.as_bytes());
        // The header takes 110 bytes, so names begin two bytes behind a multiple of four.
        assert_eq!(archive[118..128], *b"run\0\0\0ab\0\0");
        assert!(archive.len().is_multiple_of(4) && archive[128..].starts_with(b"070701"));
        assert!(archive.windows(END.len()).any(|bytes| bytes == END.as_bytes()));
    }
}
