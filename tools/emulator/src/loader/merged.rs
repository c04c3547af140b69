//! Names of the objects that sccMerge writes, one per memory controller: `mch_x_y.32.obj`.
//!
//! Their contents are an [`ObjectFile`](super::ObjectFile) with addresses of that controller. Names: SCC
//! reference §8.3.

use scc::lut::MemoryController;

/// Controller that a merged object of this file name is for; `None` for other names.
pub fn controller_of_merged_file(name: &str) -> Option<MemoryController> {
    MemoryController::ALL.into_iter().find(|controller| {
        let coord = controller.tile().coord();
        name == format!("mch_{}_{}.32.obj", coord.x(), coord.y())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_coordinates_of_controllers() {
        let names = ["mch_0_0.32.obj", "mch_5_0.32.obj", "mch_0_2.32.obj", "mch_5_2.32.obj"];
        for (name, controller) in names.into_iter().zip(MemoryController::ALL) {
            assert_eq!(controller_of_merged_file(name), Some(controller));
        }
        assert_eq!(controller_of_merged_file("mch_3_0.32.obj"), None);
        assert_eq!(controller_of_merged_file("kernel.obj"), None);
    }
}
