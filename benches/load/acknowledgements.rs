//! What comes back to a publisher: CONNACK, then PUBACKs in whatever pieces TCP makes of them.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::{Endpoint, packet};

const CONNACK: u8 = 0x20;
const PUBACK: u8 = 0x40;

/// The reading half of a connection.
pub struct Acknowledgements {
    stream: OwnedReadHalf,
    bytes: Vec<u8>,
    from: usize,
    to: usize,
}

impl Endpoint {
    /// A connection that was accepted: its writing half, and what comes back.
    pub async fn connect(&self, client: u32) -> io::Result<(OwnedWriteHalf, Acknowledgements)> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let (read, mut write) = stream.into_split();
        let name = format!("load-{client}");
        write.write_all(&packet::connect(self.level, &name, &self.user, &self.password)).await?;
        let mut back = Acknowledgements { stream: read, bytes: vec![0; 16 << 10], from: 0, to: 0 };
        let (kind, body) = back.packet().await?;
        match (kind, body[1]) {
            (CONNACK, 0) => Ok((write, back)),
            (kind, code) => Err(io::Error::other(format!("refused: packet {kind:#x}, code {code:#x}"))),
        }
    }
}

impl Acknowledgements {
    /// The packet identifier of the next PUBACK. Codes from 0x80 on, and other packets, are errors.
    pub async fn next(&mut self) -> io::Result<u16> {
        let (kind, body) = self.packet().await?;
        let code = if body.len() > 2 { body[2] } else { 0 };
        if kind != PUBACK || code >= 0x80 {
            return Err(io::Error::other(format!("not acknowledged: packet {kind:#x}, code {code:#x}")));
        }
        Ok(u16::from_be_bytes([body[0], body[1]]))
    }

    /// First byte and body of the next packet. None of those awaited here is longer than 127 bytes.
    async fn packet(&mut self) -> io::Result<(u8, &[u8])> {
        loop {
            if let [kind, length, rest @ ..] = &self.bytes[self.from..self.to]
                && rest.len() >= usize::from(*length)
            {
                let (kind, begin, end) = (*kind, self.from + 2, self.from + 2 + usize::from(*length));
                self.from = end;
                return Ok((kind, &self.bytes[begin..end]));
            }
            self.bytes.copy_within(self.from..self.to, 0);
            (self.from, self.to) = (0, self.to - self.from);
            match self.stream.read(&mut self.bytes[self.to..]).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => self.to += read,
            }
        }
    }
}
