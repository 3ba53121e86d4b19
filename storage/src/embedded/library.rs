//! libchdb: where it is looked for, and the few symbols of it that are used.
//!
//! The binary does not link it: it is half a gigabyte and only the embedded server needs it, so it is opened at run
//! time by the child process alone, and a machine without it gets a sentence instead of a loader's error. Only this
//! module and `failed_write` beside it have unsafe code in them: a C interface has no other.

#![allow(unsafe_code, reason = "the C interface of libchdb; each use says why it is sound")]

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    path::{Path, PathBuf},
};

use libloading::{Library, Symbol};

use super::EmbeddedError;

/// The version that was tried; `deploy/scripts/fetch-libchdb.sh` fetches it.
pub(crate) const LIBRARY_VERSION: &str = "26.7.3-stable.1";

const FILE_NAME: &str = "libchdb.so";

/// Finds the library: where it is configured, in the cache of the fetch script, beside the binary.
///
/// # Errors
/// If it is nowhere, with the command that fetches it.
pub(super) fn find(configured: Option<&Path>, binary: &Path) -> Result<PathBuf, EmbeddedError> {
    if let Some(path) = configured {
        return if path.is_file() {
            Ok(path.to_owned())
        } else {
            Err(EmbeddedError::NoLibrary { looked: path.display().to_string() })
        };
    }
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let cached =
        cache.map(|cache| cache.join("ioc").join(format!("libchdb-{LIBRARY_VERSION}")).join(FILE_NAME));
    let beside = binary.parent().map(|folder| folder.join(FILE_NAME));
    let candidates: Vec<PathBuf> = cached.into_iter().chain(beside).collect();
    if let Some(found) = candidates.iter().find(|path| path.is_file()) {
        return Ok(found.clone());
    }
    let looked: Vec<String> = candidates.iter().map(|path| path.display().to_string()).collect();
    Err(EmbeddedError::NoLibrary { looked: looked.join(", ") })
}

/// A result of the library, owned by it until destroyed.
type RawResult = *mut c_void;

/// The library's command line entry point and what is needed to read its answer.
#[derive(Debug)]
pub(super) struct ClickHouse {
    query_cmdline: unsafe extern "C" fn(c_int, *mut *mut c_char) -> RawResult,
    result_error: unsafe extern "C" fn(RawResult) -> *const c_char,
    destroy_result: unsafe extern "C" fn(RawResult),
    /// Keeps the code behind the pointers above mapped.
    _library: Library,
}

impl ClickHouse {
    /// Opens the library.
    pub(super) fn open(path: &Path) -> Result<ClickHouse, EmbeddedError> {
        let refused = |error: libloading::Error| EmbeddedError::BadLibrary {
            path: path.display().to_string(),
            cause: error.to_string(),
        };
        // SAFETY: opening runs the library's initialisers. It is the pinned build whose hash the fetch script
        // verified, or one the operator named; this process does nothing else that they could disturb.
        let library = unsafe { Library::new(path) }.map_err(refused)?;
        // SAFETY: names and types are those of chdb.h of the pinned version; all three are plain C functions.
        unsafe {
            let query_cmdline: Symbol<'_, unsafe extern "C" fn(c_int, *mut *mut c_char) -> RawResult> =
                library.get(b"chdb_query_cmdline\0").map_err(refused)?;
            let result_error: Symbol<'_, unsafe extern "C" fn(RawResult) -> *const c_char> =
                library.get(b"chdb_result_error\0").map_err(refused)?;
            let destroy_result: Symbol<'_, unsafe extern "C" fn(RawResult)> =
                library.get(b"chdb_destroy_query_result\0").map_err(refused)?;
            Ok(ClickHouse {
                query_cmdline: *query_cmdline,
                result_error: *result_error,
                destroy_result: *destroy_result,
                _library: library,
            })
        }
    }

    /// Runs a ClickHouse command line to its end: for a server, until its standard input closes.
    pub(super) fn run(&self, arguments: &[String]) -> Result<(), String> {
        let owned: Vec<CString> = arguments
            .iter()
            .map(|argument| CString::new(argument.as_str()))
            .collect::<Result<_, _>>()
            .map_err(|_| "an argument contains a zero byte".to_owned())?;
        let mut pointers: Vec<*mut c_char> =
            owned.iter().map(|argument| argument.as_ptr().cast_mut()).collect();
        // C programs expect a null behind the last argument.
        pointers.push(std::ptr::null_mut());
        let count = c_int::try_from(owned.len()).map_err(|_| "too many arguments".to_owned())?;
        // SAFETY: `count` valid zero-terminated strings, alive until after the call, which does not write to them.
        let result = unsafe { (self.query_cmdline)(count, pointers.as_mut_ptr()) };
        if result.is_null() {
            return Err("no result".to_owned());
        }
        // SAFETY: a result that is not null; its error is null or a zero-terminated string that lives as long as
        // the result, which is copied before the result is destroyed, once.
        unsafe {
            let error = (self.result_error)(result);
            let outcome = if error.is_null() {
                Ok(())
            } else {
                Err(CStr::from_ptr(error).to_string_lossy().into_owned())
            };
            (self.destroy_result)(result);
            outcome
        }
    }
}
