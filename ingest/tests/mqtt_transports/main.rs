//! The MQTT endpoint and the broker's connection, against a real log on disk, with clients and a broker that were
//! not written here, and with raw sockets where a real client would not do what is tested.

mod acknowledging;
mod admission;
mod broker;
mod clients;
mod ending;
mod exchanges;
mod raw;
mod sessions;
mod site;
mod violations;

#[path = "../transports/mod.rs"]
mod transports;
