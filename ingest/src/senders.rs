//! Who may send: users with passwords (MQTT) and tokens (HTTP), each for named feeds.

/// An authenticated sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Its user name.
    pub name: String,
    /// The feeds it may send to.
    pub feeds: Vec<String>,
}
