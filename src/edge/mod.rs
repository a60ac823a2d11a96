//! Everything impure: files, processes, environment, clock, network. No decisions here.
