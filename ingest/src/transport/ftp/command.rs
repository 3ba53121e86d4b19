//! What a client says on the control connection (RFC 959, 2228, 2428, 3659): lines, and what they ask for.

use std::io;

use bytes::{Buf, BytesMut};

use super::wire::Wire;

/// The longest line. A path has no more than half of it.
const MAX_LINE: usize = 4_096;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    User(String),
    Pass(Vec<u8>),
    Auth(String),
    Pbsz,
    Prot(String),
    Quit,
    Noop,
    Syst,
    Feat,
    Help,
    Opts(String),
    Stat,
    Type(String),
    Mode(String),
    Stru(String),
    Allo,
    Pwd,
    Cwd(String),
    Mkd(String),
    Pasv,
    Epsv(String),
    Active,
    Stor(String),
    Append,
    Rest(String),
    Read,
    List(String),
    Nlst(String),
    Mlsd(String),
    Mlst(String),
    Size(String),
    Mdtm(String),
    Rnfr(String),
    Rnto(String),
    Dele(String),
    Rmd,
    Abor,
    /// Spoken somewhere, and not here.
    Unknown(String),
}

impl Command {
    /// Of a line without its end. Bytes that are no UTF-8 are told as such a character each.
    pub(super) fn of(line: &[u8]) -> Command {
        let line = without_telnet(line);
        let (verb, argument) = match line.iter().position(|byte| *byte == b' ') {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (&line[..], &[][..]),
        };
        let verb = String::from_utf8_lossy(verb).to_ascii_uppercase();
        let text = || String::from_utf8_lossy(argument).into_owned();
        match &*verb {
            "USER" => Command::User(text()),
            "PASS" => Command::Pass(argument.to_vec()),
            "AUTH" => Command::Auth(text()),
            "PBSZ" => Command::Pbsz,
            "PROT" => Command::Prot(text()),
            "QUIT" => Command::Quit,
            "NOOP" => Command::Noop,
            "SYST" => Command::Syst,
            "FEAT" => Command::Feat,
            "HELP" => Command::Help,
            "OPTS" => Command::Opts(text()),
            "STAT" => Command::Stat,
            "TYPE" => Command::Type(text()),
            "MODE" => Command::Mode(text()),
            "STRU" => Command::Stru(text()),
            "ALLO" => Command::Allo,
            "PWD" | "XPWD" => Command::Pwd,
            "CWD" | "XCWD" => Command::Cwd(text()),
            "CDUP" | "XCUP" => Command::Cwd("..".to_owned()),
            "MKD" | "XMKD" => Command::Mkd(text()),
            "PASV" => Command::Pasv,
            "EPSV" => Command::Epsv(text()),
            "PORT" | "EPRT" => Command::Active,
            "STOR" => Command::Stor(text()),
            "APPE" | "STOU" => Command::Append,
            "REST" => Command::Rest(text()),
            "RETR" => Command::Read,
            "LIST" => Command::List(text()),
            "NLST" => Command::Nlst(text()),
            "MLSD" => Command::Mlsd(text()),
            "MLST" => Command::Mlst(text()),
            "SIZE" => Command::Size(text()),
            "MDTM" => Command::Mdtm(text()),
            "RNFR" => Command::Rnfr(text()),
            "RNTO" => Command::Rnto(text()),
            "DELE" => Command::Dele(text()),
            "RMD" | "XRMD" => Command::Rmd,
            "ABOR" => Command::Abor,
            _ => Command::Unknown(verb.chars().take(8).collect()),
        }
    }
}

/// The line without Telnet's interruptions, which go before ABOR (RFC 959, section 4.1.3).
fn without_telnet(line: &[u8]) -> Vec<u8> {
    const IAC: u8 = 255;
    let mut plain = Vec::with_capacity(line.len());
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            IAC => match bytes.next() {
                // Twice, it is itself.
                Some(IAC) => plain.push(IAC),
                // IP, AO, DM and their like are of two bytes; some clients send them as single ones.
                Some(240..=254) | None => {}
                Some(byte) => plain.push(byte),
            },
            // What is left of an interruption whose first byte went as urgent data.
            240..=250 if plain.is_empty() => {}
            byte => plain.push(byte),
        }
    }
    plain
}

/// The control connection, line by line.
#[derive(Debug)]
pub(super) struct Control {
    wire: Wire,
    read: BytesMut,
}

impl Control {
    pub(super) fn new(wire: Wire) -> Control {
        Control { wire, read: BytesMut::new() }
    }

    /// The next line, without its end; none at the connection's end. Nothing is lost when it is dropped while it waits.
    pub(super) async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line = self.read.split_to(end);
                self.read.advance(1);
                let line = line.strip_suffix(b"\r").unwrap_or(&line);
                return Ok(Some(line.to_vec()));
            }
            if self.read.len() > MAX_LINE {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long"));
            }
            self.read.reserve(512);
            if self.wire.read(&mut self.read).await? == 0 {
                return Ok(None);
            }
        }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wire.write(bytes).await
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.wire.is_encrypted()
    }

    /// Gives the connection away to be encrypted. What came before that is not obeyed behind it: it was not said by
    /// whom the certificates name (RFC 2228 as STARTTLS in RFC 3207).
    pub(super) fn take(&mut self) -> Wire {
        self.read.clear();
        std::mem::replace(&mut self.wire, Wire::Gone)
    }

    pub(super) fn put(&mut self, wire: Wire) {
        self.wire = wire;
    }

    pub(super) async fn end(&mut self) {
        self.wire.end().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_verb_in_any_case_and_the_rest_of_it() {
        assert_eq!(Command::of(b"stor  a b.txt"), Command::Stor(" a b.txt".to_owned()));
        assert_eq!(Command::of(b"PASS p w "), Command::Pass(b"p w ".to_vec()));
        assert_eq!(Command::of(b""), Command::Unknown(String::new()));
        assert_eq!(Command::of(b"CDUP"), Command::Cwd("..".to_owned()));
        assert_eq!(Command::of(b"XSHA256 a"), Command::Unknown("XSHA256".to_owned()));
    }

    #[test]
    fn an_interruption_before_abor_is_read_over() {
        for line in [&b"\xff\xf4\xff\xf2ABOR"[..], b"\xf2ABOR", b"\xff\xf4ABOR", b"ABOR"] {
            assert_eq!(Command::of(line), Command::Abor, "{line:?}");
        }
        assert_eq!(Command::of(b"STOR a\xff\xffb"), Command::Stor("a\u{fffd}b".to_owned()));
    }

    #[test]
    fn safe_no_line_panics() {
        for byte in 0..=255u8 {
            let _ = Command::of(&[byte, b' ', byte]);
            let _ = Command::of(&[255, byte]);
        }
    }
}
