//! The folder with the files of an image.

use std::io;
use std::path::{Path, PathBuf};

use scc::id::CoreId;

use crate::lut_init::lut_init;
use crate::merge_list::merge_list;
use crate::object_text::object_text;
use crate::{Image, PieceKind};

/// Memory of one core as a text object.
pub const KERNEL_OBJ: &str = "kernel.obj";
/// The same with the guests, if only some cores get them.
pub const GUESTS_OBJ: &str = "guests.obj";
/// The same for the core that lends a disk, with the contents of the disk.
pub const LENDER_OBJ: &str = "lender.obj";
/// Merge list.
pub const KERNEL_MT: &str = "kernel.mt";
/// Load map of the raw pieces.
pub const KERNEL_MAP: &str = "kernel.map";
/// Writes to the LUTs.
pub const LUT_INIT: &str = "lut_init.dat";

/// Why the files of an image cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder cannot be made.
    #[error("cannot create {folder}: {source}", folder = folder.display())]
    Create {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {file}: {source}", file = file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The files of an image by name, as [`write_folder`] writes them.
pub fn image_files(image: &Image) -> Vec<(String, Vec<u8>)> {
    let recipe = image.recipe();
    let mut files = Vec::new();
    let mut load_map = String::new();
    // The map is for all cores; what one of them lends lies where others have guests.
    for piece in image.pieces().iter().filter(|piece| piece.kind != PieceKind::LenderList) {
        let name = format!("{:08x}.bin", piece.address.get());
        load_map.push_str(&format!("{:08x} {name}\n", piece.address.get()));
        files.push((name, piece.bytes.clone()));
    }
    files.push((KERNEL_MAP.to_owned(), load_map.into_bytes()));
    let loaded = recipe.loaded_cores();
    let first_is_like =
        |core: &CoreId| image.list_of(*core) == loaded.first().and_then(|core| image.list_of(*core));
    let all_are_alike = loaded.iter().all(first_is_like);
    let object_of = |core| match image.list_of(core) {
        Some(PieceKind::GuestList) if !all_are_alike => GUESTS_OBJ,
        Some(PieceKind::LenderList) if !all_are_alike => LENDER_OBJ,
        _ => KERNEL_OBJ,
    };
    for object in [KERNEL_OBJ, GUESTS_OBJ, LENDER_OBJ] {
        if let Some(core) = loaded.iter().find(|core| object_of(**core) == object) {
            let pieces: Vec<_> = image.pieces_of(*core).cloned().collect();
            files.push((object.to_owned(), object_text(&pieces).into_bytes()));
        }
    }
    files.push((KERNEL_MT.to_owned(), merge_list(&loaded, object_of).into_bytes()));
    files.push((LUT_INIT.to_owned(), lut_init(&recipe.cores, recipe.memory).into_bytes()));
    files
}

/// Writes the files of an image into a folder, which is made if it does not exist, and returns their paths. Other
/// files in the folder stay.
///
/// # Errors
///
/// [`FolderError`] if the system refuses.
pub fn write_folder(image: &Image, folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    std::fs::create_dir_all(folder)
        .map_err(|source| FolderError::Create { folder: folder.to_owned(), source })?;
    let mut paths = Vec::new();
    for (name, bytes) in image_files(image) {
        let file = folder.join(name);
        std::fs::write(&file, bytes).map_err(|source| FolderError::Write { file: file.clone(), source })?;
        paths.push(file);
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use trace_format::symbols::PLACE_SYMBOL;

    use crate::kernel_file::tests::{example, example_with_label};
    use crate::{BootFrom, GuestImage, KernelFile, LentDisk, Recipe};

    fn file_of(image: &Image, name: &str) -> String {
        let (_, bytes) = image_files(image).into_iter().find(|(known, _)| known == name).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn image(boot_from: BootFrom) -> Image {
        let kernel = KernelFile::parse(&example()).unwrap();
        let cores = "2-4".parse().unwrap();
        Image::new(&kernel, Recipe { cores, boot_from, ..Recipe::default() }).unwrap()
    }

    #[test]
    fn load_map_names_the_raw_pieces() {
        let map = file_of(&image(BootFrom::Host), KERNEL_MAP);
        assert_eq!(map, "00100000 00100000.bin\n00100020 00100020.bin\nfffffff0 fffffff0.bin\n");
    }

    #[test]
    fn first_core_alone_is_loaded_when_it_boots_the_others_and_all_have_luts() {
        let image = image(BootFrom::FirstCore);
        assert_eq!(file_of(&image, KERNEL_MT).lines().count(), 1 + 1);
        assert_eq!(file_of(&image, LUT_INIT).lines().count(), 3 * 100);
    }

    #[test]
    fn guests_of_some_cores_are_in_an_object_of_their_own() {
        let kernel = KernelFile::parse(&example_with_label(PLACE_SYMBOL)).unwrap();
        let guest = GuestImage::new("x".to_owned(), vec![0x77; 64], 1 << 20);
        let cores = "2-4".parse().unwrap();
        let recipe = Recipe { cores, guests: vec![guest], ..Recipe::default() };
        let whole = Image::new(&kernel, recipe.clone()).unwrap();
        assert!(!file_of(&whole, KERNEL_MT).contains(GUESTS_OBJ));
        let guest_cores = Some("3".parse().unwrap());
        let image = Image::new(&kernel, Recipe { guest_cores, ..recipe }).unwrap();
        let list = file_of(&image, KERNEL_MT);
        let objects: Vec<_> = list.lines().skip(1).filter_map(|line| line.split(' ').next_back()).collect();
        assert_eq!(objects, [KERNEL_OBJ, GUESTS_OBJ, KERNEL_OBJ]);
        let has_guest = |name| file_of(&image, name).contains("77777777");
        assert_eq!([KERNEL_OBJ, GUESTS_OBJ].map(has_guest), [false, true]);
    }

    #[test]
    fn disk_that_a_core_lends_is_in_the_object_of_that_core_only() {
        let kernel = KernelFile::parse(&example_with_label(PLACE_SYMBOL)).unwrap();
        let guest = GuestImage::new("x".to_owned(), vec![0x77; 64], 1 << 20);
        let core = CoreId::new(2).unwrap();
        let recipe = Recipe {
            cores: "2-4".parse().unwrap(),
            guests: vec![guest],
            guest_cores: Some("3".parse().unwrap()),
            lent_disk: Some(LentDisk { core, contents: vec![0x55; 64] }),
            ..Recipe::default()
        };
        let image = Image::new(&kernel, recipe).unwrap();
        let list = file_of(&image, KERNEL_MT);
        let objects: Vec<_> = list.lines().skip(1).filter_map(|line| line.split(' ').next_back()).collect();
        assert_eq!(objects, [LENDER_OBJ, GUESTS_OBJ, KERNEL_OBJ]);
        let has = |text: &'static str| {
            [LENDER_OBJ, GUESTS_OBJ, KERNEL_OBJ].map(|name| file_of(&image, name).contains(text))
        };
        assert_eq!((has("55555555"), has("77777777")), ([true, false, false], [false, true, false]));
    }

    #[test]
    fn folder_that_cannot_be_made_is_named() {
        let error = write_folder(&image(BootFrom::Host), Path::new("/proc/no/such")).unwrap_err();
        assert!(error.to_string().starts_with("cannot create /proc/no/such: "), "{error}");
    }
}
