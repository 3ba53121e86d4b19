//! By what an SFTP server is known: its host keys, as `known_hosts` has them, or their fingerprints.

use russh::keys::{
    Algorithm, HashAlg, PublicKey,
    ssh_key::{Fingerprint, public::KeyData},
};

/// The keys that a server may show.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct HostKeys {
    whole: Vec<PublicKey>,
    fingerprints: Vec<Fingerprint>,
}

impl HostKeys {
    /// Reads lines of `known_hosts`, as `ssh-keyscan` gives them, public keys, and fingerprints as `ssh-keygen -l` does. The
    /// names of hosts in them are not looked at: it is said elsewhere of which server they are.
    ///
    /// # Errors
    /// The line that is none of them.
    pub(in super::super) fn read(lines: &[String]) -> Result<HostKeys, String> {
        let mut keys = HostKeys::default();
        for line in lines {
            match read(line).ok_or_else(|| line.clone())? {
                HostKey::Whole(key) => keys.whole.push(*key),
                HostKey::Fingerprint(fingerprint) => keys.fingerprints.push(fingerprint),
            }
        }
        Ok(keys)
    }

    pub(in super::super) fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.fingerprints.is_empty()
    }

    /// Whether a key is one of them.
    pub(super) fn has(&self, key: &PublicKey) -> bool {
        let is_it = |known: &KeyData| known == key.key_data();
        self.whole.iter().any(|known| is_it(known.key_data()))
            || self.fingerprints.contains(&key.fingerprint(HashAlg::Sha256))
    }

    /// The kinds of keys that a server is asked for: those that are known first, since it has several and shows one. Others
    /// are asked for, too: what it shows then is told. Signatures by SHA-1 are none.
    pub(super) fn kinds(&self, all: &[Algorithm]) -> Vec<Algorithm> {
        let is_known = |kind: &Algorithm| self.whole.iter().any(|key| is_of(&key.algorithm(), kind));
        let all = all.iter().filter(|kind| !matches!(kind, Algorithm::Rsa { hash: None }));
        let (mut first, others): (Vec<Algorithm>, Vec<Algorithm>) = all.cloned().partition(is_known);
        first.extend(others);
        first
    }
}

enum HostKey {
    Whole(Box<PublicKey>),
    Fingerprint(Fingerprint),
}

fn read(line: &str) -> Option<HostKey> {
    // Those with a mark are revoked, or of an authority.
    let line = line.trim();
    if line.starts_with(['@', '#']) {
        return None;
    }
    if line.starts_with("SHA256:") {
        return line.parse().ok().map(HostKey::Fingerprint);
    }
    let words: Vec<&str> = line.split_whitespace().take(3).collect();
    words.windows(2).find_map(|pair| {
        let key = PublicKey::from_openssh(&pair.join(" ")).ok()?;
        Some(HostKey::Whole(Box::new(key)))
    })
}

fn is_of(key: &Algorithm, kind: &Algorithm) -> bool {
    key == kind || matches!((key, kind), (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }))
}

#[cfg(test)]
mod tests {
    use russh::Preferred;

    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILIG2T/B0l0gaqj3puu510tu9N1OkQ4znY3LYuEm5zCF";

    fn keys(lines: &[&str]) -> Result<HostKeys, String> {
        HostKeys::read(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn safe_a_server_is_known_by_a_line_of_known_hosts_by_a_key_or_by_its_fingerprint_and_by_nothing_else() {
        let key = PublicKey::from_openssh(KEY).unwrap();
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        for line in [
            KEY.to_owned(),
            format!("{KEY} root@files"),
            format!("ftp.example.vn,10.0.0.7 {KEY}"),
            format!("[ftp.example.vn]:2222 {KEY} x"),
            format!("|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= {KEY}"),
            fingerprint,
        ] {
            assert!(keys(&[OTHER, &line]).unwrap().has(&key), "{line}");
        }
        assert!(!keys(&[OTHER]).unwrap().has(&key));
        assert!(keys(&[]).unwrap().is_empty() && !keys(&[]).unwrap().has(&key));
        for wrong in ["", "SHA256:short", "MD5:aa:bb", "ftp.example.vn", "ssh-ed25519 AAAA", "# a"] {
            assert_eq!(keys(&[KEY, wrong]).unwrap_err(), wrong);
        }
        assert!(keys(&[&format!("@revoked * {KEY}")]).is_err());
    }

    #[test]
    fn a_server_is_asked_for_the_kind_of_key_that_is_known_first_and_for_no_signature_by_sha_1() {
        let kinds = keys(&[KEY]).unwrap().kinds(&Preferred::DEFAULT.key);
        assert_eq!(kinds[0], Algorithm::Ed25519);
        let rsa = Algorithm::Rsa { hash: Some(HashAlg::Sha512) };
        assert!(is_of(&Algorithm::Rsa { hash: None }, &rsa) && !is_of(&Algorithm::Ed25519, &rsa));
        assert!(kinds.contains(&rsa) && !kinds.contains(&Algorithm::Rsa { hash: None }));
    }
}
