//! One program for all targets: `IOC_FUZZ_TARGET` says which, `IOC_FUZZ_SEEDS` where its corpus is laid out first.
#![no_main]

use std::{env, fs, path::PathBuf, sync::OnceLock};

use ioc_fuzz::Target;
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<&Target> = OnceLock::new();

fn target() -> &'static Target {
    TARGET.get_or_init(|| {
        let name = env::var("IOC_FUZZ_TARGET").expect("IOC_FUZZ_TARGET names a target");
        Target::named(&name).unwrap_or_else(|| panic!("there is no target '{name}'"))
    })
}

fn lay_out_seeds() {
    let Some(folder) = env::var_os("IOC_FUZZ_SEEDS").map(PathBuf::from) else { return };
    fs::create_dir_all(&folder).expect("a folder for the seeds");
    for (number, seed) in target().seeds().iter().enumerate() {
        fs::write(folder.join(format!("seed-{number:04}")), seed).expect("a seed can be written");
    }
}

fuzz_target!(init: lay_out_seeds(), |bytes: &[u8]| target().run(bytes));
