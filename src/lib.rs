//! tollgate: a Terraform plan goes in; the access it newly permits comes out, with a witness; rules turn that
//! into *allow*, *needs approval* or *block*; an approval opens a window in which exactly that plan can be
//! applied once.
//!
//! The modules stand in the order of the pipeline. Each may use those before it; everything outside [`edge`]
//! and [`command`] is pure: bytes and values in, values out, time passed in.

pub mod plan;

pub mod iam;

pub mod access;

pub mod policy;

pub mod decision;

pub mod approval;

pub mod apply;

pub mod ledger;

pub mod config;

pub mod report;

pub mod exit;

pub mod edge;

pub mod cli;

pub mod command;
