//! The chip around the cores: LUTs, mesh, tiles, memory controllers, FPGA, voltage regulator.
pub(crate) mod port;
