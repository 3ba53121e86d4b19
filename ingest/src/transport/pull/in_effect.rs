//! The pack that answers are read by. Another one makes something else of the same answers, so what is remembered of them
//! is forgotten when it takes effect.

use std::sync::Arc;

use ioc_model::pack::PackVersion;
use tokio::sync::watch;

use crate::routes::Routes;

/// The pack in effect, by its routes, and the one that was when it was asked last.
#[derive(Debug)]
pub(crate) struct InEffect {
    pack: PackVersion,
    routes: watch::Receiver<Arc<Routes>>,
}

impl InEffect {
    pub(crate) fn of(routes: watch::Receiver<Arc<Routes>>) -> InEffect {
        let pack = routes.borrow().pack_version().clone();
        InEffect { pack, routes }
    }

    /// As of when [`InEffect::is_another`] was asked last.
    pub(crate) fn pack(&self) -> &PackVersion {
        &self.pack
    }

    /// Whether another one has taken effect since.
    pub(crate) fn is_another(&mut self) -> bool {
        let now = self.routes.borrow_and_update().pack_version().clone();
        let before = std::mem::replace(&mut self.pack, now);
        before != self.pack
    }
}
