//! What the cluster says of topics: their identities, and how many partitions they have.
//!
//! The identity (KIP-516) is what tells a topic from another one of its name. The client's own interface for Rust does
//! not give it, and its library does: so this one question is asked of the library itself.
#![allow(unsafe_code)]

use std::{
    collections::BTreeMap,
    ffi::{CStr, CString, c_char, c_int},
    ptr::NonNull,
    slice,
    time::Duration,
};

use rdkafka::{
    bindings::{
        rd_kafka_AdminOptions_destroy, rd_kafka_AdminOptions_new, rd_kafka_AdminOptions_set_request_timeout,
        rd_kafka_DescribeTopics, rd_kafka_DescribeTopics_result_topics, rd_kafka_TopicCollection_destroy,
        rd_kafka_TopicCollection_of_topic_names, rd_kafka_TopicDescription_error,
        rd_kafka_TopicDescription_name, rd_kafka_TopicDescription_partitions, rd_kafka_TopicDescription_t,
        rd_kafka_TopicDescription_topic_id, rd_kafka_Uuid_base64str, rd_kafka_error_code,
        rd_kafka_event_DescribeTopics_result, rd_kafka_event_destroy, rd_kafka_event_error,
        rd_kafka_queue_destroy, rd_kafka_queue_new, rd_kafka_queue_poll,
    },
    client::{Client, ClientContext},
    types::{RDKafkaAdminOp, RDKafkaErrorCode, RDKafkaRespErr},
};

/// The identity of none: 16 bytes of zeros in base64.
const NONE: &str = "AAAAAAAAAAAAAAAAAAAAAA";
/// The library answers by itself when its own time is over; beyond that so much longer.
const LONGER: Duration = Duration::from_secs(1);

/// A topic as its cluster describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Described {
    /// Its identity in base64; empty where the brokers give none (before Kafka 2.8).
    pub(super) id: String,
    /// How many partitions it has.
    pub(super) partitions: i32,
}

/// What a topic is; by name, each with what is wrong with it where something is.
pub(super) type Topics = BTreeMap<String, Result<Described, RDKafkaErrorCode>>;

/// Something that the library made for us, and takes back by that function.
struct Made<T>(NonNull<T>, unsafe extern "C" fn(*mut T));

impl<T> Made<T> {
    fn new(made: *mut T, take_back: unsafe extern "C" fn(*mut T)) -> Result<Made<T>, RDKafkaErrorCode> {
        NonNull::new(made).map(|made| Made(made, take_back)).ok_or(RDKafkaErrorCode::Fail)
    }

    fn pointer(&self) -> *mut T {
        self.0.as_ptr()
    }
}

impl<T> Drop for Made<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer is what the library gave, nobody else takes it back, and this happens once.
        unsafe { (self.1)(self.0.as_ptr()) }
    }
}

/// Asks the cluster. Blocks for as long as it takes, within the bound.
///
/// # Errors
/// If it does not answer, or refuses the question as a whole.
pub(super) fn describe<Context: ClientContext>(
    client: &Client<Context>,
    names: &[String],
    within: Duration,
) -> Result<Topics, RDKafkaErrorCode> {
    let names: Vec<CString> = names.iter().filter_map(|name| CString::new(name.as_str()).ok()).collect();
    let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    let millis = |time: Duration| c_int::try_from(time.as_millis()).unwrap_or(c_int::MAX);
    let kafka = client.native_ptr();
    // SAFETY: the client lives for as long as it is borrowed. The names are copied by the library. What it makes is given
    // back, in the opposite order, by `Made`; what is inside an event is read before the event is given back.
    unsafe {
        let queue = Made::new(rd_kafka_queue_new(kafka), rd_kafka_queue_destroy)?;
        let options = Made::new(
            rd_kafka_AdminOptions_new(kafka, RDKafkaAdminOp::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS),
            rd_kafka_AdminOptions_destroy,
        )?;
        let mut said = [0; 256];
        let refused = rd_kafka_AdminOptions_set_request_timeout(
            options.pointer(),
            millis(within),
            said.as_mut_ptr(),
            said.len(),
        );
        if refused != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(refused.into());
        }
        let asked = Made::new(
            rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len()),
            rd_kafka_TopicCollection_destroy,
        )?;
        rd_kafka_DescribeTopics(kafka, asked.pointer(), options.pointer(), queue.pointer());
        let event = rd_kafka_queue_poll(queue.pointer(), millis(within + LONGER));
        let Some(event) = NonNull::new(event) else { return Err(RDKafkaErrorCode::OperationTimedOut) };
        let event = Made(event, rd_kafka_event_destroy);
        let refused = rd_kafka_event_error(event.pointer());
        if refused != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(refused.into());
        }
        let answer = rd_kafka_event_DescribeTopics_result(event.pointer());
        if answer.is_null() {
            return Err(RDKafkaErrorCode::Fail);
        }
        let mut count = 0;
        let topics = rd_kafka_DescribeTopics_result_topics(answer, &mut count);
        if topics.is_null() {
            return Ok(Topics::new());
        }
        Ok(slice::from_raw_parts(topics, count).iter().map(|topic| described(*topic)).collect())
    }
}

/// # Safety
/// It is a description out of an event that was not given back yet.
unsafe fn described(
    topic: *const rd_kafka_TopicDescription_t,
) -> (String, Result<Described, RDKafkaErrorCode>) {
    // SAFETY: what the library gives out of a description lives as long as that does.
    unsafe {
        let name = text(rd_kafka_TopicDescription_name(topic));
        let error = rd_kafka_TopicDescription_error(topic);
        if !error.is_null() {
            let code = rd_kafka_error_code(error);
            if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
                return (name, Err(code.into()));
            }
        }
        let id = rd_kafka_TopicDescription_topic_id(topic);
        let id = if id.is_null() { String::new() } else { text(rd_kafka_Uuid_base64str(id)) };
        // As Kafka's own tools write it.
        let id = if id == NONE { String::new() } else { id.replace('+', "-").replace('/', "_") };
        let mut partitions = 0;
        let _partitions = rd_kafka_TopicDescription_partitions(topic, &mut partitions);
        (name, Ok(Described { id, partitions: i32::try_from(partitions).unwrap_or(i32::MAX) }))
    }
}

/// # Safety
/// It is null, or a text that ends with a NUL and lives until this returns.
unsafe fn text(pointer: *const c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: as above.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}
