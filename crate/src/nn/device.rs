//! The device that computes the training.

use crate::error::{Result, require};
use serde::{Deserialize, Serialize};

/// The device that computes the training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// The processor. The default: the same seed gives the same bits on processors of one kind, with one libtorch.
    #[default]
    Cpu,
    /// The first CUDA device. It needs a libtorch with CUDA, named by `LIBTORCH`. The order of summation may vary,
    /// so the same seed gives the same results only within rounding.
    Cuda,
    /// Apple's Metal. The same seed gives the same results only within rounding.
    Mps,
}

impl Device {
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) if this machine and its libtorch do not have the device.
    pub(crate) fn validate(self) -> Result<()> {
        let is_available = match self {
            Device::Cpu => true,
            Device::Cuda => tch::Cuda::is_available(),
            Device::Mps => tch::utils::has_mps(),
        };
        let allowed = "a device that this machine and its libtorch have, such as cpu";
        require(is_available, "device", allowed, self)
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

display_as_serialised!(Device);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_not_available_is_rejected() {
        for device in [Device::Cuda, Device::Mps] {
            match device.validate() {
                Ok(()) => println!("{device} is available: not tested"),
                Err(error) => {
                    assert!(error.to_string().ends_with(&format!("but it is {device}.")), "{error}")
                }
            }
        }
    }
}
