//! The Redis wire protocol (RESP2 and RESP3): requests in, replies out. No I/O.
