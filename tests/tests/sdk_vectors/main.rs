//! Replay of vectors that concern the client: what it makes of answers and events, and the rules it shares with the
//! server.

mod agent;
mod answers;
mod events;
mod rules;
