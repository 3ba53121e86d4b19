//! The open minutes of a worker's series, by dense number.

pub const MINUTE: i64 = 60_000;

/// One minute of one series. A copy lies in the same minute as its original, so the times seen in it are enough.
#[derive(Clone, Default)]
pub struct Pane {
    pub count: u32,
    pub sum: f64,
    pub min: f64,
    pub max: f64,
    latest: u16,
    seen: Vec<u16>,
}

impl Pane {
    fn add(&mut self, offset: u16, value: f64) {
        if self.count == 0 {
            (self.min, self.max, self.latest) = (value, value, offset);
        } else if offset > self.latest {
            self.latest = offset;
        } else if self.seen.contains(&offset) {
            return;
        }
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.count += 1;
        self.sum += value;
        self.seen.push(offset);
    }
}

/// Minute → panes by series; emptied minutes are used again.
pub struct Open {
    minutes: Vec<(i64, Vec<Pane>)>,
    emptied: Vec<Vec<Pane>>,
    workers: u32,
    worker: u32,
}

impl Open {
    /// Of a worker that holds every series whose number leaves its own when divided by the workers.
    pub fn new(worker: usize, workers: usize) -> Open {
        Open { minutes: Vec::new(), emptied: Vec::new(), workers: workers as u32, worker: worker as u32 }
    }

    pub fn add(&mut self, series: u32, time: i64, value: f64) {
        let minute = time.div_euclid(MINUTE);
        let place = match self.minutes.iter().rposition(|(open, _)| *open == minute) {
            Some(place) => place,
            None => {
                self.minutes.push((minute, self.emptied.pop().unwrap_or_default()));
                self.minutes.len() - 1
            }
        };
        let (panes, slot) = (&mut self.minutes[place].1, (series / self.workers) as usize);
        if slot >= panes.len() {
            panes.resize_with(slot + 1 + slot / 4, Pane::default);
        }
        panes[slot].add(time.rem_euclid(MINUTE) as u16, value);
    }

    /// Hands out the panes of minutes before that one.
    pub fn close(&mut self, before: i64, mut row: impl FnMut(u32, i64, &Pane)) {
        let mut place = 0;
        while place < self.minutes.len() {
            if self.minutes[place].0 >= before {
                place += 1;
                continue;
            }
            let (minute, mut panes) = self.minutes.swap_remove(place);
            for (slot, pane) in panes.iter_mut().enumerate().filter(|(_, pane)| pane.count > 0) {
                row(slot as u32 * self.workers + self.worker, minute * MINUTE, pane);
                (pane.count, pane.sum) = (0, 0.0);
                pane.seen.clear();
            }
            self.emptied.push(panes);
        }
    }
}
