//! A compound file: the streams of an old workbook, in sectors that are chained by a table ([MS-CFB]).
//!
//! Chains that run in circles, tables that name more sectors than there are and streams that say they are longer than the
//! file end where the file does (SAFE, BOUND). Only streams of the uppermost storage count: an embedded workbook has a
//! stream `Workbook`, too.

const HEADER: usize = 512;
const END_OF_CHAIN: u32 = 0xffff_fffe;
/// Larger numbers of sectors have a meaning of their own.
const LAST_SECTOR: u32 = 0xffff_fff9;
const ENTRY: usize = 128;
const NO_ENTRY: u32 = 0xffff_ffff;
/// Entries of the header that say where the table lies; what does not fit is chained.
const LISTED_IN_HEADER: usize = 109;

/// A compound file whose directory was read.
pub(super) struct Compound<'a> {
    bytes: &'a [u8],
    sector: usize,
    /// What follows each sector.
    table: Vec<u32>,
    /// Streams shorter than that lie in small sectors, within the stream of the root.
    small_below: u64,
    small_sector: usize,
    small_table: Vec<u32>,
    small: Vec<u8>,
    /// Streams and storages of the root, with names in lower case.
    entries: Vec<Entry>,
}

struct Entry {
    name: String,
    is_stream: bool,
    start: u32,
    size: u64,
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

impl<'a> Compound<'a> {
    /// Reads table and directory; none if the file is damaged or cut off.
    pub(super) fn open(bytes: &'a [u8]) -> Option<Compound<'a>> {
        let shift = u16_at(bytes, 30)?;
        let small_shift = u16_at(bytes, 32)?;
        if !matches!(shift, 9 | 12) || !(4..shift).contains(&small_shift) {
            return None;
        }
        let mut compound = Compound {
            bytes,
            sector: 1 << shift,
            table: Vec::new(),
            small_below: u64::from(u32_at(bytes, 56)?),
            small_sector: 1 << small_shift,
            small_table: Vec::new(),
            small: Vec::new(),
            entries: Vec::new(),
        };
        compound.table = compound.read_table()?;
        compound.small_table = numbers(&compound.chain(u32_at(bytes, 60)?));
        let directory = compound.chain(u32_at(bytes, 48)?);
        let root = directory.get(..ENTRY)?;
        compound.small = compound.chain(u32_at(root, 116)?);
        compound.entries = entries(&directory, u32_at(root, 76)?);
        Some(compound)
    }

    /// Whether the root has a stream or storage whose name begins like that.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name.starts_with(&name.to_lowercase()))
    }

    /// The bytes of a stream of the root; none if there is no such stream, or it is cut off.
    pub(super) fn stream(&self, name: &str) -> Option<Vec<u8>> {
        let name = name.to_lowercase();
        let entry = self.entries.iter().find(|entry| entry.is_stream && entry.name == name)?;
        let mut stream = match entry.size < self.small_below {
            true => self.small_chain(entry.start),
            false => self.chain(entry.start),
        };
        let size = usize::try_from(entry.size).ok().filter(|size| *size <= stream.len())?;
        stream.truncate(size);
        Some(stream)
    }

    fn sector(&self, number: u32) -> Option<&'a [u8]> {
        let at = usize::try_from(number).ok()?.checked_add(1)?.checked_mul(self.sector)?;
        let rest = self.bytes.get(at.max(HEADER)..)?;
        Some(&rest[..rest.len().min(self.sector)])
    }

    /// The table, from the sectors that header and chain list.
    fn read_table(&self) -> Option<Vec<u32>> {
        let sectors = self.bytes.len() / self.sector;
        let each = self.sector / 4;
        let most = sectors / each + 1;
        let mut listed: Vec<u32> =
            (0..LISTED_IN_HEADER).map_while(|at| u32_at(self.bytes, 76 + 4 * at)).collect();
        let mut next = u32_at(self.bytes, 68)?;
        for _ in 0..most {
            let Some(sector) = (next <= LAST_SECTOR).then(|| self.sector(next)).flatten() else { break };
            let mut numbers = numbers(sector);
            next = numbers.pop().unwrap_or(END_OF_CHAIN);
            listed.extend(numbers);
        }
        let is_sector = |number: &u32| *number <= LAST_SECTOR;
        let mut table = Vec::new();
        for number in listed.into_iter().filter(is_sector).take(most) {
            table.extend(numbers(self.sector(number)?));
        }
        Some(table)
    }

    /// The sectors of a chain, as far as there are any.
    fn chain(&self, start: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let most = self.bytes.len() / self.sector + 1;
        for number in follow(&self.table, start).take(most) {
            let Some(sector) = self.sector(number) else { break };
            bytes.extend(sector);
        }
        bytes
    }

    fn small_chain(&self, start: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let most = self.small.len() / self.small_sector + 1;
        for number in follow(&self.small_table, start).take(most) {
            let at = usize::try_from(number).ok().and_then(|number| number.checked_mul(self.small_sector));
            let Some(rest) = at.and_then(|at| self.small.get(at..)) else { break };
            bytes.extend(&rest[..rest.len().min(self.small_sector)]);
        }
        bytes
    }
}

fn follow(table: &[u32], start: u32) -> impl Iterator<Item = u32> {
    let next = |number: &u32| table.get(usize::try_from(*number).ok()?).copied();
    std::iter::successors(Some(start), next).take_while(|number| *number <= LAST_SECTOR)
}

fn numbers(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).filter_map(|number| u32_at(number, 0)).collect()
}

/// What lies in the root: a tree of entries, each with those before and after it.
fn entries(directory: &[u8], root_child: u32) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut met = vec![false; directory.len() / ENTRY];
    let mut open = vec![root_child];
    while let Some(number) = open.pop() {
        let Some(place) = usize::try_from(number).ok().filter(|_| number != NO_ENTRY) else { continue };
        match met.get_mut(place) {
            Some(met) if !*met => *met = true,
            _ => continue,
        }
        let bytes = &directory[place * ENTRY..(place + 1) * ENTRY];
        let (Some(length), Some(before), Some(after)) =
            (u16_at(bytes, 64), u32_at(bytes, 68), u32_at(bytes, 72))
        else {
            continue;
        };
        open.extend([before, after]);
        let units =
            (0..usize::from(length.saturating_sub(2) / 2).min(31)).filter_map(|at| u16_at(bytes, 2 * at));
        let name: String =
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        let (start, size) = (u32_at(bytes, 116).unwrap_or(END_OF_CHAIN), u32_at(bytes, 120).unwrap_or(0));
        let is_stream = bytes[66] == 2;
        entries.push(Entry { name: name.to_lowercase(), is_stream, start, size: u64::from(size) });
    }
    entries
}
