//! The terminal: taken over and given back, whatever happens.

use std::{
    io::{self, Stdout, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crossterm::{
    cursor::{Hide, MoveTo, Show},
    event::{self, Event},
    execute, queue,
    style::{Attribute, Color, Print, ResetColor, SetAttribute, SetForegroundColor},
    terminal::{
        BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
        LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, size,
    },
};

use tokio::signal::unix::{SignalKind, signal};

use super::screen::{Line, Tone};
use crate::told;

/// A terminal that shows the view. Dropped, also by a panic, it is as it was.
#[derive(Debug)]
pub(super) struct Terminal {
    out: Stdout,
    coloured: bool,
}

impl Terminal {
    pub(super) fn open() -> io::Result<Terminal> {
        enable_raw_mode()?;
        // From here on dropping it gives the terminal back, also if the next step fails.
        let mut terminal = Terminal { out: io::stdout(), coloured: told::can_colour(&io::stdout()) };
        execute!(terminal.out, EnterAlternateScreen, Hide)?;
        Ok(terminal)
    }

    /// Columns and rows.
    #[expect(clippy::unused_self, reason = "who has no terminal has no size")]
    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        size()
    }

    /// The next key or change of size within that time.
    #[expect(clippy::unused_self, reason = "who has no terminal has no keys")]
    pub(super) fn event(&self, within: Duration) -> io::Result<Option<Event>> {
        if event::poll(within)? { event::read().map(Some) } else { Ok(None) }
    }

    pub(super) fn draw(&mut self, lines: &[Line]) -> io::Result<()> {
        let out = &mut self.out;
        queue!(out, BeginSynchronizedUpdate)?;
        for (row, line) in (0u16..).zip(lines) {
            queue!(out, MoveTo(0, row))?;
            for (tone, text) in line {
                if self.coloured {
                    begin(out, *tone)?;
                }
                queue!(out, Print(text))?;
                if self.coloured {
                    queue!(out, ResetColor, SetAttribute(Attribute::Reset))?;
                }
            }
            queue!(out, Clear(ClearType::UntilNewLine))?;
        }
        queue!(out, EndSynchronizedUpdate)?;
        out.flush()
    }
}

/// What is written from here on has that tone, until it is reset.
pub(crate) fn begin(out: &mut impl Write, tone: Tone) -> io::Result<()> {
    match tone {
        Tone::Plain => Ok(()),
        Tone::Dim => queue!(out, SetAttribute(Attribute::Dim)),
        Tone::Bold => queue!(out, SetAttribute(Attribute::Bold)),
        Tone::Good => queue!(out, SetForegroundColor(Color::Green)),
        Tone::Doubtful => queue!(out, SetForegroundColor(Color::Yellow)),
        Tone::Bad => queue!(out, SetForegroundColor(Color::Red), SetAttribute(Attribute::Bold)),
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Nothing better can be done with a terminal that is gone.
        let _ = execute!(self.out, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// Becomes true when the process is told to end: without this the terminal would be left as it is.
pub(super) fn signals() -> io::Result<Arc<AtomicBool>> {
    let told = Arc::new(AtomicBool::new(false));
    let tell = told.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Listened for before the terminal is taken over: from then on no signal may end the process by itself.
    let (mut terminate, mut hangup, mut interrupt) = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?, signal(SignalKind::interrupt())?)
    };
    let _detached = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
                _ = interrupt.recv() => {}
            }
        });
        tell.store(true, Ordering::Relaxed);
    })?;
    Ok(told)
}
