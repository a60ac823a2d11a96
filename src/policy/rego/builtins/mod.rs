//! Builtins that regorus lacks, gets wrong, or would let grow without bound. An extension of the same name wins
//! over regorus' own.
//!
//! No builtin silently answers undefined: what neither regorus nor this folder implements is refused at load.

mod bounded;
mod crypto;
mod glob;
mod marshal;
mod net;
mod old;
mod render;
mod sprintf;

use regorus::Value;

pub(in crate::policy) use sprintf::verbs;

/// Longest string, and most elements, that one call of a bounded builtin may yield.
pub(in crate::policy) const MAX_ELEMENTS: usize = 1_000_000;
/// Longest string that one call of a bounded builtin may yield, in bytes.
pub(in crate::policy) const MAX_STRING: usize = 16 << 20;

/// Why a builtin gave no value.
#[derive(Debug)]
pub(in crate::policy) enum Failure {
    /// Wrong operands. An error in a tollgate rule, undefined in a conftest policy, as under OPA.
    Operand(String),
    /// A limit of tollgate. Always an error.
    Limit(String),
}

/// What a builtin may know besides its operands.
#[derive(Clone, Copy, Debug)]
pub(in crate::policy) struct Context {
    /// The run's time in nanoseconds since the Unix epoch.
    pub(in crate::policy) now_ns: i64,
}

type Run = fn(&[Value], Context) -> Result<Value, Failure>;

/// One builtin of this folder.
#[derive(Clone, Copy)]
pub(in crate::policy) struct Builtin {
    /// Its name in Rego.
    pub(in crate::policy) name: &'static str,
    /// How many operands it takes.
    pub(in crate::policy) arity: u8,
    /// Whether OPA has it in Rego v0 only.
    pub(in crate::policy) v0_only: bool,
    run: Run,
}

impl Builtin {
    const fn new(name: &'static str, arity: u8, run: Run) -> Self {
        Self { name, arity, v0_only: false, run }
    }

    const fn old(name: &'static str, arity: u8, run: Run) -> Self {
        Self { name, arity, v0_only: true, run }
    }

    /// Runs it.
    pub(in crate::policy) fn call(&self, operands: &[Value], context: Context) -> Result<Value, Failure> {
        if operands.len() != usize::from(self.arity) {
            return Err(Failure::Operand(format!("{} takes {} operands", self.name, self.arity)));
        }
        (self.run)(operands, context)
    }
}

/// The builtins of this folder.
pub(in crate::policy) const BUILTINS: &[Builtin] = &[
    Builtin::new("array.flatten", 1, bounded::flatten),
    Builtin::new("bits.lsh", 2, bounded::shift_left),
    Builtin::new("concat", 2, bounded::concat),
    Builtin::new("crypto.hmac.equal", 2, crypto::hmac_equal),
    Builtin::new("crypto.hmac.md5", 2, crypto::hmac_md5),
    Builtin::new("crypto.hmac.sha1", 2, crypto::hmac_sha1),
    Builtin::new("crypto.hmac.sha256", 2, crypto::hmac_sha256),
    Builtin::new("crypto.hmac.sha512", 2, crypto::hmac_sha512),
    Builtin::new("crypto.md5", 1, crypto::md5),
    Builtin::new("crypto.sha1", 1, crypto::sha1),
    Builtin::new("crypto.sha256", 1, crypto::sha256),
    Builtin::new("glob.match", 3, glob::glob_match),
    Builtin::new("json.marshal", 1, marshal::marshal),
    Builtin::new("net.cidr_contains_matches", 2, net::contains_matches),
    Builtin::new("net.cidr_intersects", 2, net::intersects),
    Builtin::new("net.cidr_merge", 1, net::merge),
    Builtin::new("numbers.range", 2, bounded::range),
    Builtin::new("numbers.range_step", 3, bounded::range_step),
    Builtin::new("replace", 3, bounded::replace),
    Builtin::new("sprintf", 2, sprintf::sprintf),
    Builtin::new("strings.render_template", 2, render::render_template),
    Builtin::new("time.now_ns", 0, |_, context| Ok(Value::from(context.now_ns))),
    // An engine-internal helper: what `some .. in` iterates; see `rewrite`.
    Builtin::new(super::rewrite::ITERABLE, 1, super::rewrite::iterable),
    Builtin::old("all", 1, old::all),
    Builtin::old("any", 1, old::any),
    Builtin::old("net.cidr_overlap", 2, net::overlap),
    Builtin::old("re_match", 2, old::re_match),
    Builtin::old("set_diff", 2, old::set_diff),
];

/// How many operands a builtin takes; `None` when it is not available. `print` takes any number.
pub(in crate::policy) fn arity(name: &str) -> Option<u8> {
    if name == super::rewrite::ITERABLE || REFUSED.iter().any(|(refused, _)| *refused == name) {
        return None;
    }
    let own = BUILTINS.iter().find(|builtin| builtin.name == name).map(|builtin| builtin.arity);
    own.or_else(|| regorus::unstable::BUILTINS.get(name).map(|(_, arity)| *arity))
}

/// Whether OPA refuses the builtin in Rego v1.
pub(in crate::policy) fn is_v0_only(name: &str) -> bool {
    BUILTINS.iter().any(|builtin| builtin.v0_only && builtin.name == name)
}

/// Why a builtin of OPA or conftest is not available; `None` when nobody knows the name.
pub(in crate::policy) fn unavailable(name: &str) -> Option<&'static str> {
    if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
        return Some(why);
    }
    let family = |prefix: &str| name.starts_with(prefix);
    if family("io.jwt.") || family("crypto.x509.") || family("crypto.parse_private_keys") || name == "x509" {
        return Some("tollgate does not implement tokens and certificates");
    }
    if family("graphql.") || family("providers.") || family("json.match_schema") || family("json.verify_schema") {
        return Some("tollgate does not implement it");
    }
    if family("rego.") {
        return Some("annotations are not read; use the `metadata` object of the package");
    }
    None
}

const OFFLINE: &str = "policies run offline, with the same result each time";

/// Builtins of OPA and conftest that are refused on purpose, with the reason.
const REFUSED: &[(&str, &str)] = &[
    ("http.send", OFFLINE),
    ("net.lookup_ip_addr", OFFLINE),
    ("opa.runtime", OFFLINE),
    ("parse_config", "policies read no files; pass the document with --data"),
    ("parse_config_file", "policies read no files; pass the document with --data"),
    ("parse_combined_config_files", "policies read no files; pass the document with --data"),
    ("rand.intn", OFFLINE),
    ("regex.globs_match", "tollgate does not implement it; use regex.match or glob.match"),
    ("time.sleep", OFFLINE),
    ("uuid.rfc4122", OFFLINE),
    ("yaml.marshal", "tollgate does not implement it; use json.marshal"),
    ("cast_array", "tollgate does not implement it; use is_array"),
    ("cast_boolean", "tollgate does not implement it; use is_boolean"),
    ("cast_null", "tollgate does not implement it; use is_null"),
    ("cast_object", "tollgate does not implement it; use is_object"),
    ("cast_set", "tollgate does not implement it; use is_set"),
    ("cast_string", "tollgate does not implement it; use is_string"),
];

/// The operand's text.
fn text(operands: &[Value], index: usize) -> Result<&str, Failure> {
    match operands.get(index) {
        Some(Value::String(text)) => Ok(text),
        other => Err(Failure::Operand(format!("operand {} must be a string but is {}", index + 1, type_name(other)))),
    }
}

/// The operand's whole number.
fn integer(operands: &[Value], index: usize) -> Result<i64, Failure> {
    operands
        .get(index)
        .and_then(|value| value.as_i64().ok())
        .ok_or_else(|| Failure::Operand(format!("operand {} must be a whole number", index + 1)))
}

/// Rego's word for a value's type; never the value, which may be secret.
fn type_name(value: Option<&Value>) -> &'static str {
    match value {
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "a boolean",
        Some(Value::Number(_)) => "a number",
        Some(Value::String(_)) => "a string",
        Some(Value::Array(_)) => "an array",
        Some(Value::Set(_)) => "a set",
        Some(Value::Object(_)) => "an object",
        Some(Value::Undefined) | None => "undefined",
    }
}

/// The elements of an array or set.
fn elements(value: &Value) -> Option<Vec<&Value>> {
    match value {
        Value::Array(array) => Some(array.iter().collect()),
        Value::Set(set) => Some(set.iter().collect()),
        _ => None,
    }
}

/// The strings of an array or set.
fn strings(operands: &[Value], index: usize) -> Result<Vec<&str>, Failure> {
    let wrong = || Failure::Operand(format!("operand {} must be an array or set of strings", index + 1));
    let items = operands.get(index).and_then(elements).ok_or_else(wrong)?;
    items
        .into_iter()
        .map(|item| if let Value::String(text) = item { Ok(text.as_ref()) } else { Err(wrong()) })
        .collect()
}
