//! Any bytes are IDX data, plain or gzip'd, or a fault. What is read is complete, and its labels are digits.
#![no_main]
#![allow(dead_code)]

use data::idx::{self, Kind};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

/// The reader alone: with a sanitizer the whole crate would take minutes to compile.
#[path = "../../src/data"]
mod data {
    mod error;
    pub mod idx;
}

fuzz_target!(|bytes: &[u8]| {
    for kind in [Kind::Images, Kind::Labels] {
        let Ok(idx) = idx::decode(bytes, Path::new("fuzz"), kind) else {
            continue;
        };
        let items = idx.items;
        assert!(!items.is_empty());
        match kind {
            Kind::Images => assert_eq!(items.len() % 784, 0),
            Kind::Labels => assert!(items.iter().all(|label| *label < 10)),
        }
    }
});
