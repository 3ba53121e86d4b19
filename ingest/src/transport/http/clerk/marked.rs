//! `GET /upload/reports/{position}/marked`: the file that a clerk sent, with marks at its wrong cells.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use ioc_decode::marked::workbook;
use ioc_model::position::Position;

use super::forms::attached;
use crate::transport::http::{HttpPush, problem::Problem};

pub(super) async fn marked(
    State(push): State<Arc<HttpPush>>,
    Path(position): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sender = push.clerk(&headers).await?;
    let position: Position = position.parse().map_err(|_| Problem::InvalidPosition)?;
    let receipt = push.report_of(&sender, position, Duration::ZERO).await?;
    let receipt = receipt.map_err(|_| Problem::NoMarkedCopy)?;
    let room = push.room().await?;
    let sent = push.sent_file(&receipt).await?.ok_or(Problem::NoMarkedCopy)?;
    let name = format!("{}-{position}.xlsx", receipt.form);
    let copy = push.at_work(room, move || workbook(&sent.payload, &receipt.findings)).await?;
    Ok(attached(&name, copy.ok_or(Problem::NoMarkedCopy)?))
}
