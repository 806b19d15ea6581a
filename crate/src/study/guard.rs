//! What must be equal wherever parts of a study are computed.

use super::{Seeds, Sweep};
use crate::augment::{Compose, RandomAffine};
use crate::data::Digits;
use crate::error::{Error, Result};
use crate::nn::{Loss, Model};
use crate::train::Experiment;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::env;
use std::path::Path;

/// The environment variables with which libtorch computes the same bits on every x86-64 processor. They count if they
/// are set before it is loaded; the crate's own products round alike with any instructions. A hidden layer of 5 000 units
/// then takes 1.3 times as long on 150 images, and a linear model as long as before (on a processor by AMD).
pub const PORTABLE: [(&str, &str); 4] = [
    ("MKL_CBWR", "COMPATIBLE"),
    ("ATEN_CPU_CAPABILITY", "default"),
    ("DNNL_MAX_CPU_ISA", "SSE41"),
    // exp and log round differently with fused multiplication and addition.
    ("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4"),
];

/// Whether this process computes the same bits as every x86-64 processor with the same libtorch: the variables of
/// [`PORTABLE`] are set.
pub fn is_portable() -> bool {
    PORTABLE.iter().all(|(name, value)| env::var(name).is_ok_and(|set| set == *value))
}

/// What must be equal wherever parts of a study are computed: code, libraries, data and arithmetic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Guard {
    /// The crate's version.
    hinge: String,
    /// A hash of the sources that determine results and of Cargo.lock, see build.rs.
    sources: String,
    /// libtorch's version.
    libtorch: String,
    /// The SHA-256 of all pixels and labels.
    pub data: String,
    /// A hash of the bits of short runs: they differ where a processor or a library computes differently.
    arithmetic: String,
    /// Whether the bits are those of every x86-64 processor.
    pub portable: bool,
}

impl Guard {
    /// The guard of this process, for a study of `sweep` on `digits`.
    pub fn new(sweep: &Sweep, digits: &Digits) -> Result<Guard> {
        Ok(Guard {
            hinge: crate::VERSION.into(),
            sources: env!("HINGE_SOURCES").into(),
            libtorch: libtorch(),
            data: Guard::hash(digits),
            arithmetic: arithmetic(sweep, digits)?,
            portable: is_portable(),
        })
    }

    /// The SHA-256 of all pixels and labels.
    pub fn hash(digits: &Digits) -> String {
        let mut data = Sha256::new();
        for images in [&digits.train, &digits.test] {
            data.update(images.pixels());
            data.update(images.labels());
        }
        format!("{:x}", data.finalize())
    }

    /// Checks that this process computes what the process computed that began the study in `folder`.
    pub fn check(&self, begun: &Guard, folder: &Path) -> Result<()> {
        const CODE: &str = "use the code that began it, or begin another study";
        const SET: &str = "a portable study needs MKL_CBWR and the like before libtorch is loaded, as `hinge-study` sets them";
        const CPU: &str = "use processors of the same kind (with Slurm by --constraint), or begin a portable study";
        const DATA: &str = "set MNIST_DIR to the digits that it was begun with";
        let portable = [begun.portable, self.portable]
            .map(|portable| if portable { "portable" } else { "faster" });
        for (what, begun, found, remedy) in [
            ("version", &*begun.hinge, &*self.hinge, CODE),
            ("sources", &begun.sources, &self.sources, CODE),
            ("libtorch", &begun.libtorch, &self.libtorch, "set LIBTORCH to the one that began it"),
            ("images with SHA-256", &begun.data, &self.data, DATA),
            ("arithmetic that is", portable[0], portable[1], SET),
            ("arithmetic with bits", &begun.arithmetic, &self.arithmetic, CPU),
        ] {
            if begun != found {
                let expected = format!(
                    "{}: expected {what} {begun}, as the study was begun",
                    folder.display()
                );
                return Err(Error::Study(format!("{expected}, found {found}; {remedy}.")));
            }
        }
        Ok(())
    }
}

/// The version of the libtorch that is loaded.
fn libtorch() -> String {
    // SAFETY: the name ends with a zero, and libtorch's function of it takes nothing and returns a number of 64 bits.
    let version = unsafe {
        let function = libc::dlsym(libc::RTLD_DEFAULT, c"aoti_torch_abi_version".as_ptr());
        std::mem::transmute::<*mut libc::c_void, Option<extern "C" fn() -> u64>>(function)
    };
    let Some(version) = version else { return "unknown".into() };
    let [major, minor, patch, ..] = version().to_be_bytes();
    format!("{major}.{minor}.{patch}")
}

/// A hash of the bits of short runs: of both losses, both kinds of models, with and without a random transform; and
/// of the sweep's experiments with losses or transforms of the user's own, whose code nothing else identifies.
fn arithmetic(sweep: &Sweep, digits: &Digits) -> Result<String> {
    let hidden = Experiment {
        model: Model::hidden(200),
        loss: Loss::CrossEntropy,
        train_transform: Compose::new([RandomAffine::new(10.).into()]),
        ..Experiment::default()
    };
    let custom = sweep.experiments.iter().filter(|experiment| !experiment.can_be_read_back());
    let mut bits = Sha256::new();
    // The C library's functions: scores show a different last digit of one too rarely.
    for x in (1..=10_000).map(|n| f64::from(n) / 500.) {
        [(-x).exp(), x.ln(), x.sin(), x.cos()].iter().for_each(|y| bits.update(y.to_le_bytes()));
    }
    for experiment in [Experiment::default(), hidden].iter().chain(custom) {
        let short = Experiment {
            epochs: 3,
            train_examples: experiment.train_examples.min(150),
            test_examples: experiment.test_examples.min(200),
            ..experiment.clone()
        };
        let run = short.run_with(digits, Seeds::from(0), |_| Ok(()))?;
        for metric in run.history().iter().flat_map(|epoch| [epoch.train.loss, epoch.test.loss]) {
            bits.update(metric.to_le_bytes());
        }
    }
    Ok(format!("{:x}", bits.finalize())[..16].into())
}
