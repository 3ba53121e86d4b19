//! Paths as clients say them: where in the tree of folders a name lies. They are names, and never reach a file system.

use std::fmt;

/// The longest path, in bytes: an address is bounded.
const MAX_PATH: usize = 1_024;
/// The deepest. The day layouts in use are four deep.
const MAX_DEPTH: usize = 16;

/// A path from the root on.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct VirtualPath(Vec<String>);

impl VirtualPath {
    /// Where a name leads from here; the reason where it leads nowhere.
    pub(super) fn join(&self, name: &str) -> Result<VirtualPath, &'static str> {
        let mut parts = if name.starts_with('/') { Vec::new() } else { self.0.clone() };
        // Windows' loggers say folders with a backslash.
        for part in name.split(['/', '\\']) {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part if part.chars().any(char::is_control) => return Err("a name with control characters"),
                part => parts.push(part.to_owned()),
            }
        }
        let bytes: usize = parts.iter().map(|part| part.len() + 1).sum();
        match parts.len() <= MAX_DEPTH && bytes <= MAX_PATH {
            true => Ok(VirtualPath(parts)),
            false => Err("a path that is too long or too deep"),
        }
    }

    pub(super) fn parts(&self) -> &[String] {
        &self.0
    }

    /// The last part; none of the root.
    pub(super) fn name(&self) -> Option<&str> {
        self.0.last().map(String::as_str)
    }

    /// Whether the name says that the file is still being written.
    pub(super) fn is_unfinished(&self) -> bool {
        self.name().is_some_and(|name| crate::transport::files::is_unfinished(name.as_ref()))
    }

    /// Whether it lies directly in that folder.
    pub(super) fn is_directly_in(&self, folder: &VirtualPath) -> bool {
        self.0.len() == folder.0.len() + 1 && self.0.starts_with(&folder.0)
    }
}

impl fmt::Display for VirtualPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.0.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(folder: &str, name: &str) -> String {
        VirtualPath::default().join(folder).unwrap().join(name).unwrap().to_string()
    }

    #[test]
    fn safe_a_name_leads_below_the_root_and_never_out_of_it() {
        for (folder, name, path) in [
            ("/air", "x.txt", "/air/x.txt"),
            ("/air/2026", "../x.txt", "/air/x.txt"),
            ("/air", "../../../etc/passwd", "/etc/passwd"),
            ("/air", "/water//x.txt/", "/water/x.txt"),
            ("/air", "2026\\11\\x.txt", "/air/2026/11/x.txt"),
            ("/", "..", "/"),
            ("/air", ".", "/air"),
        ] {
            assert_eq!(at(folder, name), path);
        }
        let root = VirtualPath::default();
        assert!(root.join("a\0b").is_err() && root.join("a\r\nb").is_err());
        assert!(root.join(&"x".repeat(2_000)).is_err() && root.join(&"x/".repeat(20)).is_err());
    }
}
