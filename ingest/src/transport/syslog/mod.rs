//! Syslog.
mod frames;
