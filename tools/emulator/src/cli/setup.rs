//! Sets a board up: LUTs, then loads and host writes in their order.
//!
//! Source of the sequence: SCC reference §8.4.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use scc::address::{ControllerAddr, LUT_WINDOW_BYTES, PhysAddr};
use scc::id::CoreId;
use scc::lut::MemoryController;
use scc_emu::Machine;
use scc_emu::loader::{
    CoreSet, CoreSymbols, CrbWrite, ElfImage, ElfSegment, MergeEntry, ObjectFile, Segment,
    controller_of_merged_file, parse_lut_init, parse_map, parse_merge_list, relocate,
};

use super::plan::RunPlan;
use super::register_write::LutWrite;
use super::setup_error::{FormatError, SetupError};
use super::step::SetupStep;

/// Bytes looked at together when memory is cleared.
const CLEAR_CHUNK: usize = 4096;

/// What was learnt while loading.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// Cores that something was loaded for.
    pub(crate) cores: BTreeSet<CoreId>,
    /// Their symbols.
    pub(crate) symbols: CoreSymbols,
}

/// Writes the LUTs and carries out the steps of the plan.
pub(crate) fn set_up(machine: &mut Machine, plan: &RunPlan) -> Result<Loaded, SetupError> {
    for core in CoreId::all() {
        write_lut(machine, plan, core, core);
    }
    let mut setup = Setup {
        machine,
        plan,
        default_cores: plan.default_cores(),
        objects: HashMap::new(),
        loaded: Loaded::default(),
    };
    for step in &plan.steps {
        setup.carry_out(step)?;
    }
    Ok(setup.loaded)
}

fn write_lut(machine: &mut Machine, plan: &RunPlan, core: CoreId, memory_of: CoreId) {
    for (index, entry) in plan.preset.entries(plan.memory, core, memory_of) {
        machine.fabric_mut().set_lut(core, index, entry);
    }
}

struct Setup<'a> {
    machine: &'a mut Machine,
    plan: &'a RunPlan,
    default_cores: CoreSet,
    /// Text objects read so far; one is often loaded for many cores.
    objects: HashMap<PathBuf, Rc<Vec<Segment>>>,
    loaded: Loaded,
}

impl Setup<'_> {
    fn carry_out(&mut self, step: &SetupStep) -> Result<(), SetupError> {
        let cores = match step.cores() {
            Some(Some(cores)) => cores.clone(),
            Some(None) => self.default_cores.clone(),
            None => CoreSet::default(),
        };
        self.loaded.cores.extend(cores.iter());
        match step {
            SetupStep::Load(target) => self.load_raw(&target.file, target.address, &cores),
            SetupStep::LoadElf(target) => self.load_elf(&target.file, &cores),
            SetupStep::LoadObj(target) => self.load_object(&target.file, &cores),
            SetupStep::LoadMap(target) => self.load_map(&target.file, &cores),
            SetupStep::Mt(file) => self.load_merge_list(file),
            SetupStep::LoadSystem(target) => {
                let bytes = read(&target.file)?;
                self.write_controller(&target.file, target.controller, target.address, &bytes)
            }
            SetupStep::BootDir(folder) => self.load_boot_folder(folder),
            SetupStep::LutInit(file) => {
                self.write_registers(file)?;
                Ok(())
            }
            SetupStep::Lut(LutWrite { cores, index, entry }) => {
                cores.iter().for_each(|core| self.machine.fabric_mut().set_lut(core, *index, *entry));
                Ok(())
            }
            SetupStep::Crb(write) => {
                let now = self.machine.time();
                self.machine.fabric_mut().host_write_tile(write.tile, write.register, write.value, now);
                Ok(())
            }
            SetupStep::Fpga(write) => {
                let now = self.machine.time();
                let answer = self.machine.fabric_mut().host_write_fpga(write.offset, write.value, now);
                answer.map_err(|reason| SetupError::Fpga { offset: write.offset, reason })
            }
        }
    }

    fn load_raw(&mut self, file: &Path, address: PhysAddr, cores: &CoreSet) -> Result<(), SetupError> {
        let bytes = read(file)?;
        cores.iter().try_for_each(|core| self.write_core(file, core, address, &bytes))
    }

    fn load_elf(&mut self, file: &Path, cores: &CoreSet) -> Result<(), SetupError> {
        let image = ElfImage::parse(&read(file)?).map_err(|error| wrong(file, error))?;
        let symbols = Arc::new(image.symbols);
        for core in cores.iter() {
            for segment in &image.segments {
                self.write_core(file, core, segment.address, &segment.bytes)?;
                self.clear_tail(file, core, segment)?;
            }
            self.loaded.symbols.add(core, Arc::clone(&symbols));
        }
        Ok(())
    }

    /// Zeroes what an ELF segment has in memory beyond its bytes. Memory that is zero already is left alone, so
    /// that it need not come into being.
    fn clear_tail(&mut self, file: &Path, core: CoreId, segment: &ElfSegment) -> Result<(), SetupError> {
        let not_memory = |error| SetupError::NotMemory { file: file.to_owned(), error };
        let stored = u32::try_from(segment.bytes.len()).expect("a segment lies below 4 GB");
        let mut at = segment.address.wrapping_add(stored);
        let mut left = usize::try_from(segment.zero_bytes).expect("32 bits");
        let mut chunk = [0; CLEAR_CHUNK];
        while left > 0 {
            let part = &mut chunk[..left.min(CLEAR_CHUNK)];
            self.machine.read_core_memory(core, at, part).map_err(not_memory)?;
            if part.iter().any(|byte| *byte != 0) {
                part.fill(0);
                self.machine.write_core_memory(core, at, part).map_err(not_memory)?;
            }
            at = at.wrapping_add(u32::try_from(part.len()).expect("one chunk"));
            left -= part.len();
        }
        Ok(())
    }

    fn load_object(&mut self, file: &Path, cores: &CoreSet) -> Result<(), SetupError> {
        let segments = self.object(file)?;
        for core in cores.iter() {
            for segment in segments.iter() {
                let address = core_address(file, segment)?;
                self.write_core(file, core, address, &segment.bytes)?;
            }
        }
        Ok(())
    }

    fn load_map(&mut self, file: &Path, cores: &CoreSet) -> Result<(), SetupError> {
        let entries = parse_map(&read(file)?).map_err(|error| wrong(file, error))?;
        for entry in entries {
            self.load_raw(&beside(file, &entry.file), entry.address, cores)?;
        }
        Ok(())
    }

    fn load_merge_list(&mut self, file: &Path) -> Result<(), SetupError> {
        let entries = parse_merge_list(&read(file)?).map_err(|error| wrong(file, error))?;
        for MergeEntry { core, memory_of, object } in entries {
            let object = beside(file, &object);
            let controller = MemoryController::of_core(memory_of);
            for segment in self.object(&object)?.iter() {
                let address = core_address(&object, segment)?;
                let length = segment.end() - segment.address;
                let place = relocate(self.plan.memory, memory_of, address, length)
                    .map_err(|error| SetupError::Relocation { file: object.clone(), core, error })?;
                self.write_controller(&object, controller, place, &segment.bytes)?;
            }
            write_lut(self.machine, self.plan, core, memory_of);
            self.loaded.cores.insert(core);
        }
        Ok(())
    }

    fn load_boot_folder(&mut self, folder: &Path) -> Result<(), SetupError> {
        let unreadable = |error| SetupError::Read { file: folder.to_owned(), error };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            names.push(entry.map_err(unreadable)?.file_name());
        }
        names.sort_unstable();
        let mut found = false;
        for name in names {
            let file = folder.join(&name);
            let name = name.to_string_lossy();
            if let Some(controller) = controller_of_merged_file(&name) {
                found = true;
                for segment in self.object(&file)?.iter() {
                    let place = ControllerAddr::new(segment.address);
                    self.write_controller(&file, controller, place, &segment.bytes)?;
                }
            } else if name == "lut_init.dat" {
                found = true;
                let writes = self.write_registers(&file)?;
                self.loaded.cores.extend(writes.iter().filter_map(CrbWrite::lut_of));
            }
        }
        if found { Ok(()) } else { Err(SetupError::NothingMerged { folder: folder.to_owned() }) }
    }

    fn write_registers(&mut self, file: &Path) -> Result<Vec<CrbWrite>, SetupError> {
        let writes = parse_lut_init(&read(file)?).map_err(|error| wrong(file, error))?;
        let now = self.machine.time();
        for write in &writes {
            self.machine.fabric_mut().host_write_tile(write.tile, write.register, write.value, now);
        }
        Ok(writes)
    }

    fn object(&mut self, file: &Path) -> Result<Rc<Vec<Segment>>, SetupError> {
        if let Some(segments) = self.objects.get(file) {
            return Ok(Rc::clone(segments));
        }
        let object = ObjectFile::parse(&read(file)?).map_err(|error| wrong(file, error))?;
        let segments = Rc::new(object.segments());
        self.objects.insert(file.to_owned(), Rc::clone(&segments));
        Ok(segments)
    }

    fn write_controller(
        &mut self,
        file: &Path,
        controller: MemoryController,
        address: ControllerAddr,
        bytes: &[u8],
    ) -> Result<(), SetupError> {
        let size = self.plan.memory.bytes_per_controller();
        let length = bytes.len();
        if u64::try_from(length).ok().and_then(|length| length.checked_add(address.get())) > Some(size) {
            let file = file.to_owned();
            return Err(SetupError::BeyondController { file, controller, address, length, size });
        }
        self.machine.fabric_mut().load_dram(controller, address.get(), bytes);
        Ok(())
    }

    /// Writes at a core-physical address as the LUT maps it now, window by window.
    fn write_core(
        &mut self,
        file: &Path,
        core: CoreId,
        address: PhysAddr,
        bytes: &[u8],
    ) -> Result<(), SetupError> {
        let room = (1 << u32::BITS) - u64::from(address.get());
        if u64::try_from(bytes.len()).is_ok_and(|length| length > room) {
            return Err(SetupError::RunsOver { file: file.to_owned(), address, length: bytes.len() });
        }
        let (mut at, mut rest) = (address, bytes);
        while !rest.is_empty() {
            let window = usize::try_from(LUT_WINDOW_BYTES - at.offset_in_window()).expect("at most 16 MB");
            let (part, later) = rest.split_at(rest.len().min(window));
            let entry = self.machine.fabric().lut(core, at.lut_index());
            match MemoryController::at(entry.route(), entry.sub_destination()) {
                Some(controller) => {
                    self.write_controller(file, controller, entry.translate(at).controller_addr(), part)?;
                }
                None => self
                    .machine
                    .write_core_memory(core, at, part)
                    .map_err(|error| SetupError::NotMemory { file: file.to_owned(), error })?,
            }
            at = at.wrapping_add(u32::try_from(part.len()).expect("at most 16 MB"));
            rest = later;
        }
        Ok(())
    }
}

fn read(file: &Path) -> Result<Vec<u8>, SetupError> {
    std::fs::read(file).map_err(|error| SetupError::Read { file: file.to_owned(), error })
}

fn wrong(file: &Path, error: impl Into<FormatError>) -> SetupError {
    SetupError::Format { file: file.to_owned(), error: error.into() }
}

/// A file named inside another one.
fn beside(file: &Path, name: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(name)
}

fn core_address(file: &Path, segment: &Segment) -> Result<PhysAddr, SetupError> {
    let address = u32::try_from(segment.address).map(PhysAddr::new);
    address.map_err(|_| SetupError::RunsOver {
        file: file.to_owned(),
        address: PhysAddr::new(u32::MAX),
        length: segment.bytes.len(),
    })
}
