//! `net.cidr_*` that regorus lacks.

use std::collections::BTreeSet;
use std::net::IpAddr;

use regorus::Value;

use super::{Context, Failure, text, type_name};

/// A network: family, first and last address, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Network {
    v6: bool,
    first: u128,
    last: u128,
}

impl Network {
    /// A CIDR; with `bare`, also a single address.
    fn parse(text: &str, bare: bool) -> Result<Self, Failure> {
        let wrong = || Failure::Operand(format!("`{text}` is not a network in CIDR notation"));
        let (address, length) = match text.split_once('/') {
            Some((address, length)) if length.bytes().all(|byte| byte.is_ascii_digit()) => (address, Some(length)),
            Some(_) => return Err(wrong()),
            None if bare => (text, None),
            None => return Err(wrong()),
        };
        let (v6, width, number) = match address.parse::<IpAddr>().map_err(|_| wrong())? {
            IpAddr::V4(address) => (false, 32, u128::from(u32::from(address))),
            IpAddr::V6(address) => (true, 128, u128::from(address)),
        };
        let length = length.map_or(Ok(width), |length| length.parse::<u32>().map_err(|_| wrong()))?;
        if length > width {
            return Err(wrong());
        }
        let host = if width == length { 0 } else { u128::MAX >> (128 - (width - length)) };
        Ok(Self { v6, first: number & !host, last: number | host })
    }

    fn contains(&self, other: &Self) -> bool {
        self.v6 == other.v6 && self.first <= other.first && other.last <= self.last
    }

    fn intersects(&self, other: &Self) -> bool {
        self.v6 == other.v6 && self.first <= other.last && other.first <= self.last
    }
}

pub(super) fn intersects(operands: &[Value], _: Context) -> Result<Value, Failure> {
    let left = Network::parse(text(operands, 0)?, false)?;
    Ok(Value::from(left.intersects(&Network::parse(text(operands, 1)?, false)?)))
}

pub(super) fn overlap(operands: &[Value], _: Context) -> Result<Value, Failure> {
    let left = Network::parse(text(operands, 0)?, false)?;
    Ok(Value::from(left.contains(&Network::parse(text(operands, 1)?, true)?)))
}

/// The set of `[index or key, index or key]` of a network in the first and what it contains in the second.
pub(super) fn contains_matches(operands: &[Value], _: Context) -> Result<Value, Failure> {
    let (left, right) = (entries(operands, 0)?, entries(operands, 1)?);
    let mut found = BTreeSet::new();
    for (left_key, outer) in &left {
        for (right_key, inner) in &right {
            if outer.contains(inner) {
                found.insert(Value::from(vec![left_key.clone(), right_key.clone()]));
            }
        }
    }
    Ok(Value::from(found))
}

/// A string, or a collection of strings or of arrays that start with one; each with its key.
fn entries(operands: &[Value], index: usize) -> Result<Vec<(Value, Network)>, Failure> {
    let network = |value: &Value| match value {
        Value::String(text) => Network::parse(text, true),
        Value::Array(parts) => match parts.iter().next() {
            Some(Value::String(text)) => Network::parse(text, true),
            other => Err(Failure::Operand(format!("a network must be a string but is {}", type_name(other)))),
        },
        other => Err(Failure::Operand(format!("a network must be a string but is {}", type_name(Some(other))))),
    };
    match operands.get(index) {
        Some(value @ Value::String(_)) => Ok(vec![(value.clone(), network(value)?)]),
        Some(Value::Array(array)) => {
            array.iter().enumerate().map(|(at, item)| Ok((Value::from(at), network(item)?))).collect()
        }
        Some(Value::Set(set)) => set.iter().map(|item| Ok((item.clone(), network(item)?))).collect(),
        Some(Value::Object(object)) => object.iter().map(|(key, item)| Ok((key.clone(), network(item)?))).collect(),
        other => Err(Failure::Operand(format!("operand {} must hold networks but is {}", index + 1, type_name(other)))),
    }
}

/// The smallest set of networks with the same addresses.
pub(super) fn merge(operands: &[Value], _: Context) -> Result<Value, Failure> {
    let mut networks = Vec::new();
    for item in super::strings(operands, 0)? {
        // OPA gives an address without a length the mask of its class (RFC 791); nobody means that.
        if !item.contains('/') {
            return Err(Failure::Limit(
                "a network without prefix length cannot be merged; write `/32` or `/128`".into(),
            ));
        }
        networks.push(Network::parse(item, true)?);
    }
    networks.sort_unstable();
    let mut merged: Vec<Network> = Vec::new();
    for network in networks {
        match merged.last_mut() {
            Some(last) if last.v6 == network.v6 && network.first <= last.last.saturating_add(1) => {
                last.last = last.last.max(network.last);
            }
            _ => merged.push(network),
        }
    }
    let mut found = BTreeSet::new();
    for network in merged {
        split(network, &mut found);
    }
    Ok(Value::from(found))
}

/// Splits a range into CIDRs.
fn split(range: Network, found: &mut BTreeSet<Value>) {
    let width = if range.v6 { 128 } else { 32 };
    let mut first = range.first;
    loop {
        let mut host_bits = first.trailing_zeros().min(width);
        while host_bits > 0 && last_of(first, host_bits) > range.last {
            host_bits -= 1;
        }
        let address = if range.v6 {
            IpAddr::from(first.to_be_bytes())
        } else {
            IpAddr::from(u32::try_from(first).unwrap_or(u32::MAX).to_be_bytes())
        };
        found.insert(Value::from(format!("{address}/{}", width - host_bits)));
        let last = last_of(first, host_bits);
        if last >= range.last {
            return;
        }
        first = last + 1;
    }
}

fn last_of(first: u128, host_bits: u32) -> u128 {
    if host_bits >= 128 { u128::MAX } else { first | ((1 << host_bits) - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(networks: &[&str]) -> Vec<String> {
        let operand = Value::from(networks.iter().map(|text| Value::from(*text)).collect::<Vec<_>>());
        let value = merge(&[operand], Context { now_ns: 0 }).unwrap();
        value.as_set().unwrap().iter().map(|item| item.as_string().unwrap().to_string()).collect()
    }

    #[test]
    fn neighbours_and_duplicates_merge() {
        assert_eq!(merged(&["192.0.128.0/24", "192.0.129.0/24"]), ["192.0.128.0/23"]);
        assert_eq!(merged(&["10.0.0.0/8", "10.1.0.0/16", "::/0"]), ["10.0.0.0/8", "::/0"]);
        assert_eq!(merged(&["0.0.0.0/1", "128.0.0.0/1"]), ["0.0.0.0/0"]);
        assert_eq!(merged(&["10.0.0.1/32", "10.0.0.2/31"]), ["10.0.0.1/32", "10.0.0.2/31"]);
    }

    #[test]
    fn families_never_mix() {
        let value = intersects(&[Value::from("0.0.0.0/0"), Value::from("::/0")], Context { now_ns: 0 }).unwrap();
        assert_eq!(value, Value::from(false));
    }
}
