//! System interface and FPGA: ports behind the south port of tile (3,0), and the global register bank.
//!
//! [`FpgaPort`] says which consumer a 34-bit address reaches. In the register bank [`Bank`] classifies an
//! offset and [`FpgaRegister`] names the register there; the interrupt controller has its own module,
//! [`gic`](crate::gic). Facts: SCC reference §1.2, §3.5, §7.

use crate::id::{TileCoord, TileId};

mod bank;
mod counter;
mod port;
mod register;
mod values;

pub use bank::{Bank, EmacId};
pub use counter::{CounterId, CounterRegister};
pub use port::FpgaPort;
pub use register::{Access, FpgaRegister};
pub use values::{Config, Content, DimmSize, DimmSizes, mac_address};

/// Tile whose south port leads to the system interface.
pub const TILE: TileId = TileCoord::new(3, 0).expect("(3,0) lies in the mesh").tile();

/// Bytes of the register bank with defined registers.
pub const BANK_BYTES: u32 = 0x1_0000;

/// Rate of the global timestamp in MHz.
pub const TIMESTAMP_MEGAHERTZ: u64 = 125;

/// Parameters sccKit leaves in the bank when nothing else is configured.
pub mod defaults {
    use crate::timing;

    /// MAC address base, 48 bits.
    pub const MAC_BASE: u64 = 0x0045_4D41_4431;
    /// IP address of core 0; core n has this plus n.
    pub const FIRST_IP: u32 = u32::from_be_bytes([192, 168, 3, 1]);
    /// IP address of the host.
    pub const HOST_IP: u32 = u32::from_be_bytes([192, 168, 3, 254]);
    /// IP address of the gateway.
    pub const GATEWAY_IP: u32 = HOST_IP;
    /// Rate of the global clock grid in MHz.
    pub const FAST_CLOCK_MEGAHERTZ: u16 = timing::GRID_MEGAHERTZ;
    /// Width of the virtual display in pixels.
    pub const DISPLAY_WIDTH: u16 = 640;
    /// Height of the virtual display in pixels.
    pub const DISPLAY_HEIGHT: u16 = 480;
    /// Bits per pixel of the virtual display.
    pub const DISPLAY_DEPTH: u8 = 16;
}
