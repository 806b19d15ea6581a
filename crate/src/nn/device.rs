//! Where training is computed.

use crate::error::{Error, Result};
use serde::Serialize;
use std::fmt;

/// What training is computed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// The processor. The default: the same seed gives the same bits.
    #[default]
    Cpu,
    /// The first CUDA device. It needs a libtorch with CUDA, named by `LIBTORCH`; sums may be taken in another
    /// order each time, so that the same seed gives the same results only within rounding.
    Cuda,
    /// Apple's Metal; what is said of CUDA's rounding holds here too.
    Mps,
}

impl Device {
    /// # Errors
    /// [`Error::Setting`] if this machine and its libtorch do not have the device.
    pub(crate) fn validate(self) -> Result<()> {
        let is_there = match self {
            Device::Cpu => true,
            Device::Cuda => tch::Cuda::is_available(),
            Device::Mps => tch::utils::has_mps(),
        };
        if is_there {
            return Ok(());
        }
        let allowed = "a device that this machine and its libtorch have, as cpu";
        Err(Error::setting("device", allowed, self))
    }
}

impl From<Device> for tch::Device {
    fn from(device: Device) -> tch::Device {
        match device {
            Device::Cpu => tch::Device::Cpu,
            Device::Cuda => tch::Device::Cuda(0),
            Device::Mps => tch::Device::Mps,
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Device::Cpu => "cpu",
            Device::Cuda => "cuda",
            Device::Mps => "mps",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_not_there_is_rejected() {
        for device in [Device::Cuda, Device::Mps] {
            match device.validate() {
                Ok(()) => println!("{device} is there: not tested"),
                Err(error) => {
                    assert!(error.to_string().ends_with(&format!("but it is {device}.")), "{error}")
                }
            }
        }
    }
}
