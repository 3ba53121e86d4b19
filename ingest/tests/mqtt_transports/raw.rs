//! A client of raw bytes.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::site::{GATEWAY, SECRET};

/// What 3.1.1 says before it closes.
pub const NOTHING: [u8; 0] = [];

/// Nothing here takes long; a test that waits for ever must end.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    V311 = 4,
    V5 = 5,
}

pub const BOTH: [Level; 2] = [Level::V311, Level::V5];

/// A CONNECT in the making.
#[derive(Clone, Debug)]
pub struct Connect {
    pub level: Level,
    pub client_id: String,
    pub user: Option<String>,
    pub password: Option<String>,
    pub clean: bool,
    pub keep_alive: u16,
    /// Topic, payload and, for version 5, properties.
    pub will: Option<(String, String, Vec<u8>)>,
    pub properties: Vec<u8>,
}

impl Connect {
    pub fn new(level: Level, client_id: &str) -> Connect {
        Connect {
            level,
            client_id: client_id.to_owned(),
            user: Some(GATEWAY.to_owned()),
            password: Some(SECRET.to_owned()),
            clean: true,
            keep_alive: 0,
            will: None,
            properties: Vec::new(),
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut flags = u8::from(self.clean) << 1;
        let mut body = text("MQTT");
        body.push(self.level as u8);
        let flags_at = body.len();
        body.push(0);
        body.extend_from_slice(&self.keep_alive.to_be_bytes());
        let properties = |body: &mut Vec<u8>, properties: &[u8]| {
            if self.level == Level::V5 {
                body.push(properties.len() as u8);
                body.extend_from_slice(properties);
            }
        };
        properties(&mut body, &self.properties);
        body.extend(text(&self.client_id));
        if let Some((topic, payload, will_properties)) = &self.will {
            flags |= 0b100;
            properties(&mut body, will_properties);
            body.extend(text(topic));
            body.extend(text(payload));
        }
        if let Some(user) = &self.user {
            flags |= 0x80;
            body.extend(text(user));
        }
        if let Some(password) = &self.password {
            flags |= 0x40;
            body.extend(text(password));
        }
        body[flags_at] = flags;
        packet(0x10, &body)
    }
}

pub fn text(text: &str) -> Vec<u8> {
    let mut bytes = (text.len() as u16).to_be_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

pub fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut rest = body.len();
    loop {
        let more = if rest > 127 { 0x80 } else { 0 };
        bytes.push((rest & 0x7f) as u8 | more);
        rest >>= 7;
        if rest == 0 {
            break;
        }
    }
    bytes.extend_from_slice(body);
    bytes
}

/// PUBLISH with quality of service 1, or 0 with identifier 0.
pub fn publish(level: Level, topic: &str, id: u16, payload: &str) -> Vec<u8> {
    let mut body = text(topic);
    if id > 0 {
        body.extend_from_slice(&id.to_be_bytes());
    }
    if level == Level::V5 {
        body.push(0);
    }
    body.extend_from_slice(payload.as_bytes());
    packet(if id > 0 { 0x32 } else { 0x30 }, &body)
}

pub fn puback(id: u16) -> Vec<u8> {
    let [high, low] = id.to_be_bytes();
    vec![0x40, 2, high, low]
}

pub struct Raw {
    socket: TcpStream,
}

impl Raw {
    pub async fn open(address: SocketAddr) -> Raw {
        Raw { socket: TcpStream::connect(address).await.unwrap() }
    }

    /// A connection that was let in, and what CONNACK says of its session.
    pub async fn connected(address: SocketAddr, connect: &Connect) -> (Raw, bool) {
        let mut raw = Raw::open(address).await;
        raw.send(&connect.bytes()).await;
        let connack = raw.packet().await;
        assert_eq!((connack[0], connack[3]), (0x20, 0), "{connack:x?}");
        (raw, connack[2] == 1)
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        timeout(PATIENCE, self.socket.write_all(bytes)).await.unwrap().unwrap();
    }

    /// The next packet, whole.
    pub async fn packet(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; 2];
        timeout(PATIENCE, self.socket.read_exact(&mut bytes)).await.unwrap().unwrap();
        let mut length = usize::from(bytes[1] & 0x7f);
        let mut shift = 7;
        while bytes[bytes.len() - 1] & 0x80 != 0 {
            let more = timeout(PATIENCE, self.socket.read_u8()).await.unwrap().unwrap();
            bytes.push(more);
            length |= usize::from(more & 0x7f) << shift;
            shift += 7;
        }
        let head = bytes.len();
        bytes.resize(head + length, 0);
        timeout(PATIENCE, self.socket.read_exact(&mut bytes[head..])).await.unwrap().unwrap();
        bytes
    }

    pub async fn expect(&mut self, expected: &[u8]) {
        let mut bytes = vec![0; expected.len()];
        timeout(PATIENCE, self.socket.read_exact(&mut bytes)).await.unwrap().unwrap();
        assert_eq!(bytes, expected);
    }

    /// Everything until the endpoint closes.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // A reset instead of an orderly end is a fault: it may take answers with it.
        let _count = timeout(PATIENCE, self.socket.read_to_end(&mut rest)).await.unwrap().unwrap();
        rest
    }

    /// Nothing has come that was not read.
    pub fn expect_nothing(&self) {
        let mut byte = [0];
        let read = self.socket.try_read(&mut byte);
        assert!(read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "{byte:x?}");
    }

    /// Asks and waits for PINGRESP: what was sent before has been taken in.
    pub async fn ping(&mut self) {
        self.send(&[0xc0, 0]).await;
        self.expect(&[0xd0, 0]).await;
    }
}
