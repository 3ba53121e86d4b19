//! What the server calls itself: `ioc`, and not as the machine is called.
//!
//! Every analyst can ask for `hostName()`, and every answer carries a name in its header. What the machine is called says
//! where it stands and what it is for, and is nobody's business. ClickHouse has a setting for the header only; for the
//! rest it asks the C library, so its calls come here, since a program's own symbols go before those of a library.
//!
//! It then looks that name up, at its start: with a name server that does not answer that would take ten seconds. So
//! that one look-up ends here, too: there is no such host, and the name stays as it is.

#![allow(unsafe_code, reason = "C functions in place of others; each use says why it is sound")]

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    sync::atomic::{AtomicBool, Ordering},
};

/// The name.
pub(super) const NAME: &CStr = c"ioc";

/// Only the server's process is called so.
static IS_THE_SERVER: AtomicBool = AtomicBool::new(false);

/// From now on this process takes its machine for one of that name.
pub(super) fn take_the_name() {
    IS_THE_SERVER.store(true, Ordering::Relaxed);
}

/// `gethostname` of POSIX.1, for this process and the libraries it opens.
///
/// # Safety
/// As that function: `length` bytes are writable at `name`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gethostname(name: *mut c_char, length: libc::size_t) -> c_int {
    // SAFETY: of numbers and arrays of them, which may all be 0.
    let mut machine = unsafe { std::mem::zeroed::<libc::utsname>() };
    let told = if IS_THE_SERVER.load(Ordering::Relaxed) {
        NAME
    } else {
        // SAFETY: the kernel fills it in, with zero bytes behind its words; where it does not, they are empty.
        unsafe {
            let _ = libc::uname(&raw mut machine);
            CStr::from_ptr(machine.nodename.as_ptr())
        }
    }
    .to_bytes_with_nul();
    if told.len() > length {
        // SAFETY: the location is this thread's own.
        unsafe { *libc::__errno_location() = libc::ENAMETOOLONG };
        return -1;
    }
    // SAFETY: it fits, and the caller's memory is none of ours.
    unsafe { std::ptr::copy_nonoverlapping(told.as_ptr().cast(), name, told.len()) };
    0
}

type GetAddrInfo = unsafe extern "C" fn(
    *const c_char,
    *const c_char,
    *const libc::addrinfo,
    *mut *mut libc::addrinfo,
) -> c_int;

/// `getaddrinfo` of POSIX.1, for this process and the libraries it opens.
///
/// # Safety
/// As that function: `node` and `service` are null or end with a zero byte, `hints` is null or valid, `found` is
/// writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const libc::addrinfo,
    found: *mut *mut libc::addrinfo,
) -> c_int {
    // SAFETY: checked not to be null, and the caller's string.
    if IS_THE_SERVER.load(Ordering::Relaxed) && !node.is_null() && unsafe { CStr::from_ptr(node) } == NAME {
        return libc::EAI_NONAME;
    }
    // SAFETY: the next definition behind this one is the C library's, whose type this is; the arguments are the caller's.
    unsafe {
        let next = libc::dlsym(libc::RTLD_NEXT, c"getaddrinfo".as_ptr());
        if next.is_null() {
            return libc::EAI_FAIL;
        }
        std::mem::transmute::<*mut c_void, GetAddrInfo>(next)(node, service, hints, found)
    }
}
