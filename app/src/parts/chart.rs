//! Charts: drawn by the server, read by people.
