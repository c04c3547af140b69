//! `--console-dir DIR`: what each core sent to its UARTs, byte for byte, in `core-NN.txt`.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use scc::id::CoreId;
use scc_emu::loader::CoreSet;

use super::exit::CommandError;

/// The files; a core gets one when it is started by the host or prints something.
pub(crate) struct ConsoleFiles {
    folder: PathBuf,
    files: [Option<File>; CoreId::COUNT],
}

impl ConsoleFiles {
    /// Creates the folder, and empty files for the cores that will be started.
    pub(crate) fn create(folder: &Path, released: &CoreSet) -> Result<Self, CommandError> {
        std::fs::create_dir_all(folder)
            .map_err(|error| CommandError::Write { file: folder.to_owned(), error })?;
        let mut files = Self { folder: folder.to_owned(), files: [const { None }; CoreId::COUNT] };
        released.iter().try_for_each(|core| files.write(core, &[]))?;
        Ok(files)
    }

    /// Appends bytes of a core.
    pub(crate) fn write(&mut self, core: CoreId, bytes: &[u8]) -> Result<(), CommandError> {
        let path = self.folder.join(format!("core-{:02}.txt", core.number()));
        let failed = |error| CommandError::Write { file: path.clone(), error };
        let file = match &mut self.files[core.index()] {
            Some(file) => file,
            slot => slot.insert(File::create(&path).map_err(failed)?),
        };
        file.write_all(bytes).map_err(failed)
    }
}
