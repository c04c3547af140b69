//! Merge list of sccMerge (`.mt`): which object each core runs, and on which memory.
//!
//! ```text
//! # pid route destid slot object
//! 0x06  0x05  4      0x00 kernel.obj
//! ```
//!
//! Every core is listed with its default place: place `k` of the controller of its quadrant. Format: SCC
//! reference §8.3.

use scc::id::CoreId;
use scc::lut::MemoryController;

/// The list of `cores`, each with its object.
pub(crate) fn merge_list(cores: &[CoreId], object_of: impl Fn(CoreId) -> &'static str) -> String {
    let mut text = String::from("# pid route destid slot object\n");
    for core in cores {
        let controller = MemoryController::of_core(*core);
        text.push_str(&format!(
            "0x{:02x} 0x{:02x} {} 0x{:02x} {}\n",
            core.number(),
            controller.route(),
            controller.sub_destination().bits(),
            MemoryController::order_of_core(*core),
            object_of(*core),
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of SCC reference §8.3 and the last core of table A.
    #[test]
    fn cores_are_listed_with_their_default_place() {
        let cores = [6, 47].map(|number| CoreId::new(number).unwrap());
        let text = merge_list(&cores, |_| "kernel.obj");
        let lines: Vec<_> = text.lines().skip(1).collect();
        assert_eq!(lines, ["0x06 0x05 4 0x00 kernel.obj", "0x2f 0x25 4 0x0b kernel.obj"]);
    }
}
