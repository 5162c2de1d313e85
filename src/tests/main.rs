//! Tests that talk to the program as its users do.
