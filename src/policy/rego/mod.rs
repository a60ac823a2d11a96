//! The Rego engine. Only this folder names regorus, so that its version is changed in one place.
//!
//! `syntax` reads modules into rule heads and resolved references; `lint` finds at load what OPA's compiler
//! would refuse and regorus would not; `builtins` adds and corrects builtin functions; `engine` evaluates.

pub(in crate::policy) mod builtins;
pub(in crate::policy) mod engine;
pub(in crate::policy) mod lint;
pub(in crate::policy) mod rewrite;
pub(in crate::policy) mod syntax;

pub(in crate::policy) use regorus::Value;
