//! What the system dropped of datagrams before anybody could read them: it counts them by socket, and says so in
//! `/proc/net/udp` (and `udp6`), by the socket's inode. That is the only loss of UDP that can be known here.

use std::{fs, io, os::fd::AsFd};

/// Reads the system's count of one socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dropped {
    inode: u64,
    table: &'static str,
}

impl Dropped {
    /// Of that socket.
    ///
    /// # Errors
    /// If the system does not tell its inode.
    pub(super) fn of(socket: impl AsFd, is_v6: bool) -> io::Result<Dropped> {
        let inode = rustix::fs::fstat(socket)?.st_ino;
        Ok(Dropped { inode, table: if is_v6 { "/proc/net/udp6" } else { "/proc/net/udp" } })
    }

    /// How many since the socket was made: a count of 32 bits, which begins anew behind its end.
    ///
    /// # Errors
    /// If the system does not say.
    pub(super) fn count(self) -> io::Result<u32> {
        let table = fs::read_to_string(self.table)?;
        in_table(&table, self.inode).ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, format!("{} does not list the socket", self.table))
        })
    }
}

/// The last column of the line whose tenth is the inode.
fn in_table(table: &str, inode: u64) -> Option<u32> {
    let inode = inode.to_string();
    let line = table.lines().skip(1).find(|line| line.split_ascii_whitespace().nth(9) == Some(&inode))?;
    // Older kernels write it with a sign.
    let drops: i64 = line.split_ascii_whitespace().last()?.parse().ok()?;
    Some(drops as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balance_the_systems_count_is_found_by_the_sockets_inode() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops            \n\
            \x20 8345: 0100007F:B2E2 00000000:0000 07 00000000:0001FE00 00:00000000 00000000     0        0 3979120 2 000000008c1b465b 4898    \n\
            15123: 00000000:8D5C 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 3979121 2 000000005f39a4c4 -2       \n";
        assert_eq!(in_table(table, 3_979_120), Some(4_898));
        assert_eq!(in_table(table, 3_979_121), Some(u32::MAX - 1));
        assert_eq!(in_table(table, 397_912), None);
    }

    #[test]
    fn balance_the_system_counts_what_a_full_buffer_does_not_hold() {
        for (address, is_v6) in [("127.0.0.1:0", false), ("[::1]:0", true)] {
            let socket = match std::net::UdpSocket::bind(address) {
                Ok(socket) => socket,
                // A machine without IPv6.
                Err(_) if is_v6 => continue,
                Err(error) => panic!("{error}"),
            };
            let dropped = Dropped::of(&socket, is_v6).unwrap();
            assert_eq!(dropped.count().unwrap(), 0);
            rustix::net::sockopt::set_socket_recv_buffer_size(&socket, 4_096).unwrap();
            let sender = std::net::UdpSocket::bind(address).unwrap();
            for _ in 0..1_000 {
                let _sent = sender.send_to(&[0; 512], socket.local_addr().unwrap()).unwrap();
            }
            let count = dropped.count().unwrap();
            socket.set_nonblocking(true).unwrap();
            let mut held = 0;
            while socket.recv(&mut [0; 512]).is_ok() {
                held += 1;
            }
            assert_eq!(count + held, 1_000, "{address}");
        }
    }
}
