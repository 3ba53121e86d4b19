//! Who asks: made once for every request, here and nowhere else.
//!
//! A handler that answers data takes [`Asked`] and hands the asker on: to the board, which sifts what it shows, to the
//! history and the originals, which answer what is not seen as what is not there. So a foreign message is "not found"
//! and not "forbidden": that it is there is nobody's business either. Who somebody is and what they are given will be
//! said by an [`Access`]; pages stand on loopback until there is one that knows people, and [`Open`] lets everybody see
//! everything. It has to be named where the pages are opened: a request that nobody judged is not taken for everyone's.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use ioc_model::{asker::Asker, pack::Pack};

use crate::{problem::Problem, routes::AppState};

/// Says who asks, and what they see of the pack in effect.
pub trait Access: Send + Sync + std::fmt::Debug {
    /// Who asks. It is asked anew for every request; a live connection keeps its answer until the pack changes or it
    /// ends.
    ///
    /// # Errors
    /// If they are to be told nothing at all.
    fn asker(&self, request: &Parts, pack: &Pack) -> Result<Asker, Problem>;
}

/// Shared by all requests.
pub(crate) type SharedAccess = Arc<dyn Access>;

/// Whoever reaches the pages sees everything.
#[derive(Clone, Copy, Debug)]
pub struct Open;

impl Access for Open {
    fn asker(&self, _request: &Parts, _pack: &Pack) -> Result<Asker, Problem> {
        Ok(Asker::everyone())
    }
}

/// Who asks, as a handler takes it.
#[derive(Clone, Debug)]
pub(crate) struct Asked(pub Asker);

impl FromRequestParts<AppState> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Asked, Problem> {
        state.asker(parts).map(Asked)
    }
}
