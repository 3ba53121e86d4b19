//! The headers of a record, whatever bytes their names are.
//!
//! The client's interface for Rust ends the process where a name is not UTF-8, and a producer may write any bytes: so they
//! are read out of the library itself (invariant SAFE).
#![allow(unsafe_code)]

use std::{ffi::CStr, ptr, slice};

use rdkafka::{
    bindings::{rd_kafka_header_get_all, rd_kafka_message_headers},
    message::BorrowedMessage,
    types::RDKafkaRespErr,
};

/// Name and value of each; a value may be missing.
pub(super) fn of<'m>(record: &'m BorrowedMessage<'_>) -> Vec<(&'m [u8], Option<&'m [u8]>)> {
    let mut found = Vec::new();
    let mut headers = ptr::null_mut();
    // SAFETY: the record is the library's, and lives for as long as it is borrowed; so do its headers, their names, which
    // end with a NUL, and their values, which are as long as is said.
    unsafe {
        let code = rd_kafka_message_headers(record.ptr(), &mut headers);
        if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return found;
        }
        loop {
            let (mut name, mut value, mut bytes) = (ptr::null(), ptr::null(), 0);
            let code = rd_kafka_header_get_all(headers, found.len(), &mut name, &mut value, &mut bytes);
            if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR || name.is_null() {
                return found;
            }
            let value = (!value.is_null()).then(|| slice::from_raw_parts(value.cast::<u8>(), bytes));
            found.push((CStr::from_ptr(name).to_bytes(), value));
        }
    }
}
