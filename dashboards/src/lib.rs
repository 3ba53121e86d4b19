//! What people see: the HTTP interface, the live push and the embedded page.
//!
//! The [`board`] is the picture in memory. The driver applies each epoch's results to it after that epoch is
//! committed, so whatever is shown can be opened at once; a browser is told by server-sent events ([`live`]) and
//! asks the [`history`] for what lies further back. The picture is bounded by the pack (invariant BOUND): one tile a
//! series, one figure set a feed, a ring of rejects. It never turns a value into "normal" because data stopped
//! (invariant SILENT): every figure carries its moments, and the page judges its age by the server's clock.

mod access;
pub mod agency_events;
pub mod alert_times;
pub mod alerts;
pub mod arrivals;
pub mod assessment;
mod assets;
pub mod board;
mod called;
pub mod clients;
pub mod concern;
pub mod events;
pub mod feed;
pub mod figures;
mod guarded;
pub mod heard;
pub mod held;
pub mod history;
pub mod index_tile;
pub mod kept_back;
pub mod ledger;
pub mod lineage;
mod listen;
pub mod live;
pub mod log_sources;
pub mod measures;
pub mod misread;
pub mod nodes;
pub mod obligations;
pub mod operator;
pub mod originals;
pub mod overview;
pub mod pack;
mod place;
pub mod problem;
pub mod pulls;
pub mod rejects;
pub mod replays;
pub mod reported;
pub mod reports;
pub mod restated;
pub mod routes;
mod seats;
pub mod series;
mod shared;
pub mod station;
mod status;
pub mod tap;
pub mod tile;

pub use access::{Access, Open};
pub use board::{Board, Hydration};
pub use clients::Clients;
pub use history::{History, HistoryError};
pub use ledger::Ledger;
pub use listen::steady;
pub use operator::{NotAppended, Operator};
pub use originals::{Original, Originals};
pub use pack::{PackState, PackStatus, Reload};
pub use pulls::Pulls;
pub use routes::{AppState, Behind, LiveLimits, router};
pub use status::{ArchiveState, ArchiveStatus, BusHealth, HeldBack, StoreHealth, SystemStatus};
