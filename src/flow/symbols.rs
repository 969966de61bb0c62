//! Names of ports, protocols and autonomous systems.
