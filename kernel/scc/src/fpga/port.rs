//! Consumers behind the system interface, chosen by the top bits of the 34-bit address.
//!
//! Facts: SCC reference §3.5.

/// Consumer of a request that reaches the FPGA.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FpgaPort {
    /// Host, the default port.
    Host,
    /// Debug unit of the FPGA.
    Debug,
    /// Global register bank.
    Registers,
    /// SATA and the FPGA's own memory.
    Memory,
    /// Host memory window of 2 GB.
    HostWindow,
}

impl FpgaPort {
    /// Decodes bits 33 to 31 of a system address; higher bits are ignored.
    ///
    /// Unverified: values 5 to 7 are undocumented and taken as the host port; a read through such an entry
    /// on silicon would tell.
    pub const fn of(address: u64) -> Self {
        match address >> 31 & 7 {
            1 => Self::Debug,
            2 => Self::Registers,
            3 => Self::Memory,
            4 => Self::HostWindow,
            _ => Self::Host,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FpgaPort;

    #[test]
    fn top_address_bits_select_the_consumer() {
        let extensions = [
            (0x000, FpgaPort::Host),
            (0x07F, FpgaPort::Host),
            (0x080, FpgaPort::Debug),
            (0x100, FpgaPort::Registers),
            (0x17F, FpgaPort::Registers),
            (0x180, FpgaPort::Memory),
            (0x200, FpgaPort::HostWindow),
            (0x280, FpgaPort::Host),
            (0x3FF, FpgaPort::Host),
        ];
        for (extension, port) in extensions {
            assert_eq!(FpgaPort::of(extension << 24 | 0xFF_FFFF), port);
        }
    }
}
