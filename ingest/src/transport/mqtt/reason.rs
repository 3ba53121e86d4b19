//! Why something was refused or ended, in the numbers of both versions.

/// A reason code of version 5 (section 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reason(pub(super) u8);

impl Reason {
    pub(super) const SUCCESS: Reason = Reason(0x00);
    pub(super) const NO_MATCHING_SUBSCRIBERS: Reason = Reason(0x10);
    pub(super) const NO_SUBSCRIPTION_EXISTED: Reason = Reason(0x11);
    pub(super) const UNSPECIFIED: Reason = Reason(0x80);
    pub(super) const MALFORMED_PACKET: Reason = Reason(0x81);
    pub(super) const PROTOCOL_ERROR: Reason = Reason(0x82);
    pub(super) const UNSUPPORTED_VERSION: Reason = Reason(0x84);
    pub(super) const CLIENT_ID_NOT_VALID: Reason = Reason(0x85);
    pub(super) const BAD_USER_OR_PASSWORD: Reason = Reason(0x86);
    pub(super) const NOT_AUTHORIZED: Reason = Reason(0x87);
    pub(super) const SERVER_UNAVAILABLE: Reason = Reason(0x88);
    pub(super) const SHUTTING_DOWN: Reason = Reason(0x8b);
    pub(super) const BAD_AUTHENTICATION_METHOD: Reason = Reason(0x8c);
    pub(super) const KEEP_ALIVE_TIMEOUT: Reason = Reason(0x8d);
    pub(super) const SESSION_TAKEN_OVER: Reason = Reason(0x8e);
    pub(super) const TOPIC_FILTER_INVALID: Reason = Reason(0x8f);
    pub(super) const PACKET_ID_NOT_FOUND: Reason = Reason(0x92);
    pub(super) const RECEIVE_MAXIMUM_EXCEEDED: Reason = Reason(0x93);
    pub(super) const TOPIC_ALIAS_INVALID: Reason = Reason(0x94);
    pub(super) const PACKET_TOO_LARGE: Reason = Reason(0x95);
    pub(super) const QUOTA_EXCEEDED: Reason = Reason(0x97);
    pub(super) const PAYLOAD_FORMAT_INVALID: Reason = Reason(0x99);
    pub(super) const SHARED_SUBSCRIPTIONS_NOT_SUPPORTED: Reason = Reason(0x9e);

    /// Whether it says that something was not done.
    pub(super) fn is_refusal(self) -> bool {
        self.0 >= 0x80
    }

    /// The return code of a 3.1.1 CONNACK (table 3.1) that says the same; none where only closing does.
    pub(super) fn connect_return_code(self) -> Option<u8> {
        match self {
            Reason::SUCCESS => Some(0),
            Reason::UNSUPPORTED_VERSION => Some(1),
            Reason::CLIENT_ID_NOT_VALID => Some(2),
            Reason::SERVER_UNAVAILABLE | Reason::QUOTA_EXCEEDED | Reason::SHUTTING_DOWN => Some(3),
            Reason::BAD_USER_OR_PASSWORD => Some(4),
            Reason::NOT_AUTHORIZED => Some(5),
            _ => None,
        }
    }
}
