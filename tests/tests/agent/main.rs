//! Connections to workspace agents: the same code over the fake, the mock and the real one; the real one over TCP, a
//! Unix socket and a tunnel.

mod about;
mod connections;
mod fake_and_real;
mod hostile;
mod one_tool;
mod real;
