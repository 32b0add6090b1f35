//! What the server does with what agents tell it, whichever way they do: by REST or by RPC.

pub(crate) mod app_status;
pub(crate) mod logs;
