//! `--io-log FILE`: one line per port access.
//!
//! ```text
//! # picoseconds core port width direction value
//! 1875000 05 0x03f8 1 out 0x41
//! 1893750 05 0x0064 1 in  0xff no device
//! ```

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use scc_emu::chip::host::{IoDirection, IoEvent};

use super::exit::CommandError;

/// The file.
pub(crate) struct IoLog {
    file: std::path::PathBuf,
    writer: BufWriter<File>,
}

impl IoLog {
    /// Begins the file with a line that names the columns.
    pub(crate) fn create(file: &Path) -> Result<Self, CommandError> {
        let failed = |error| CommandError::Write { file: file.to_owned(), error };
        let mut writer = BufWriter::new(File::create(file).map_err(failed)?);
        writeln!(writer, "# picoseconds core port width direction value").map_err(failed)?;
        Ok(Self { file: file.to_owned(), writer })
    }

    /// Appends accesses.
    pub(crate) fn write(&mut self, events: &[IoEvent]) -> Result<(), CommandError> {
        let failed = |error| CommandError::Write { file: self.file.clone(), error };
        events.iter().try_for_each(|event| line(&mut self.writer, event)).map_err(failed)
    }

    /// Writes what is still buffered.
    pub(crate) fn finish(mut self) -> Result<(), CommandError> {
        self.writer.flush().map_err(|error| CommandError::Write { file: self.file, error })
    }
}

fn line(writer: &mut impl Write, event: &IoEvent) -> io::Result<()> {
    let direction = match event.direction {
        IoDirection::In => "in ",
        IoDirection::Out => "out",
    };
    let device = if event.known { "" } else { " no device" };
    let digits = 2 + 2 * usize::try_from(event.bytes).unwrap_or(4);
    writeln!(
        writer,
        "{} {:02} {:#06x} {} {direction} {:#0digits$x}{device}",
        event.at.as_picoseconds(),
        event.core.number(),
        event.port,
        event.bytes,
        event.value,
    )
}

#[cfg(test)]
mod tests {
    use scc::id::CoreId;
    use scc::timing::Time;

    use super::*;

    #[test]
    fn a_line_names_core_port_width_direction_and_value() {
        let mut event = IoEvent {
            at: Time::from_picoseconds(1875),
            core: CoreId::new(5).unwrap(),
            port: 0x3F8,
            bytes: 1,
            direction: IoDirection::Out,
            value: 0x0A,
            known: true,
        };
        let mut text = Vec::new();
        line(&mut text, &event).unwrap();
        (event.port, event.bytes, event.direction) = (0xCF8, 4, IoDirection::In);
        (event.value, event.known) = (u32::MAX, false);
        line(&mut text, &event).unwrap();
        let expected = "1875 05 0x03f8 1 out 0x0a\n1875 05 0x0cf8 4 in  0xffffffff no device\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }
}
