//! One core's memory side in the strict model: two first-level caches, the second-level cache, the
//! write-combining buffer and the memory unit (SCC reference §2.3 to §2.9, §10.2, §10.3).
//!
//! Data lives here and really goes stale: nothing tells a cache that another agent wrote memory.
//!
//! ```text
//!   fetch          load, store
//!     |              |      \
//!    L1I <- snoop - L1D      \ message (MPBT) stores
//!     |              |        \
//!     +---- L2 ------+        WCB
//!           |                  |
//!           +-- memory unit ---+      message fills pass L2 by
//!                    |
//!                MeshPort
//! ```

pub mod hierarchy;
mod l1_code;
mod l1_data;
mod l2;
mod line;
mod memory_unit;
mod plru;
mod statistics;
mod write_combine;

pub use hierarchy::{Access, CacheControl, Copies, Fetch, FetchedLine, Hierarchy};
pub use l1_code::CodeSlot;
pub use memory_unit::Issue;
pub use statistics::CacheStatistics;
