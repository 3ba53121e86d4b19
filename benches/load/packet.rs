//! MQTT packets of a publisher, versions 3.1.1 (level 4) and 5.

const CONNECT: u8 = 0x10;
const PUBLISH_QOS_1: u8 = 0x32;
/// The whole packet.
pub const DISCONNECT: [u8; 2] = [0xE0, 0];

/// A CONNECT with a clean session and a keep-alive of five minutes.
pub fn connect(level: u8, client: &str, user: &str, password: &str) -> Vec<u8> {
    let mut body = Vec::new();
    text(&mut body, "MQTT");
    // Flags: user, password, clean session.
    body.extend_from_slice(&[level, 0b1100_0010, 1, 44]);
    no_properties(&mut body, level);
    text(&mut body, client);
    text(&mut body, user);
    text(&mut body, password);
    let mut whole = Vec::new();
    packet(&mut whole, CONNECT, &body);
    whole
}

/// Appends a PUBLISH of QoS 1.
pub fn publish(into: &mut Vec<u8>, level: u8, topic: &str, packet_id: u16, payload: &[u8]) {
    let mut body = Vec::with_capacity(topic.len() + payload.len() + 5);
    text(&mut body, topic);
    body.extend_from_slice(&packet_id.to_be_bytes());
    no_properties(&mut body, level);
    body.extend_from_slice(payload);
    packet(into, PUBLISH_QOS_1, &body);
}

fn no_properties(body: &mut Vec<u8>, level: u8) {
    if level == 5 {
        body.push(0);
    }
}

fn text(into: &mut Vec<u8>, text: &str) {
    into.extend_from_slice(&(text.len() as u16).to_be_bytes());
    into.extend_from_slice(text.as_bytes());
}

fn packet(into: &mut Vec<u8>, first: u8, body: &[u8]) {
    into.push(first);
    let mut length = body.len();
    loop {
        let more = length > 127;
        into.push((length & 127) as u8 | if more { 128 } else { 0 });
        length >>= 7;
        if !more {
            break;
        }
    }
    into.extend_from_slice(body);
}
