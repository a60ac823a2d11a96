//! Security groups: from where they let a connection in, before and after.
//!
//! The rules of a group are those that stand in it and those of resources of their own; what one of them loses and
//! another takes over is no new access. <https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html>

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use crate::access::worlds::{Judged, Object, Side, State, Val};
use crate::access::{ActionAccess, NewAccess, Reason, StatementRef, Witness};

/// Whether the group's rules of this type are compared here.
pub(super) fn reads(type_name: &str) -> bool {
    matches!(type_name, "aws_security_group" | "aws_security_group_rule" | "aws_vpc_security_group_ingress_rule")
}

/// Compares what every changed group or rule lets in with what its group let in before.
pub(super) fn judge(state: &State, out: &mut Judged) {
    let mut before: HashMap<String, Vec<Ingress>> = HashMap::new();
    let mut after: Vec<(usize, &Object, Read)> = Vec::new();
    for row in &state.rows {
        if let Some(object) = row.object(Side::Before).filter(|object| reads(&object.type_name)) {
            let read = read(object, false);
            before.entry(read.group).or_default().extend(read.rules);
        }
        if let (Some(change), Some(object)) = (row.change, row.object(Side::After))
            && reads(&object.type_name)
        {
            // A new group has the rules that are written, and no others.
            let nothing = row.leaves("ingress[*]");
            after.push((change, object, read(object, nothing)));
        }
    }
    for (change, object, read) in after {
        let known = before.get(&read.group).map(Vec::as_slice).unwrap_or_default();
        for rule in &read.rules {
            match rule.beyond(known) {
                Beyond::Nothing => {}
                Beyond::Witness(point) => out.new_access(change, told(object, &read.group, rule, &point)),
                Beyond::Unclear => out.possible(
                    change,
                    Reason {
                        code: "unordered".into(),
                        path: rule.path.clone(),
                        message: "several rules together may have let in the same before; read the change".into(),
                    },
                ),
            }
        }
        for path in read.unknown {
            let message = format!("`{path}` of `{}` is known only after apply", object.address);
            out.possible(change, Reason { code: "unknown_value".into(), path, message });
        }
    }
}

/// What an object lets in.
struct Read {
    group: String,
    rules: Vec<Ingress>,
    /// Paths that are not known.
    unknown: Vec<String>,
}

/// One source, one protocol, one range of ports.
#[derive(Clone, Debug, PartialEq)]
struct Ingress {
    /// `None` for every protocol.
    protocol: Option<String>,
    /// Ports, or type and code of ICMP; `None` for all.
    ports: Option<(i64, i64)>,
    source: Source,
    path: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Source {
    /// The first address and the length of the prefix.
    Network(IpAddr, u8),
    /// A group, or a list of prefixes, by name.
    Named(String),
}

/// One connection.
struct Point {
    address: Source,
    port: i64,
}

/// What a rule lets in that others do not.
enum Beyond {
    Nothing,
    Witness(Point),
    Unclear,
}

impl Ingress {
    fn beyond(&self, others: &[Self]) -> Beyond {
        if others.iter().any(|other| other.covers(self)) {
            return Beyond::Nothing;
        }
        let ends = |source: &Source| match source {
            Source::Network(first, length) => vec![Source::Network(*first, full(first)), last(first, *length)],
            named => vec![named.clone()],
        };
        let (from, to) = self.ports.unwrap_or((0, 65_535));
        for port in [from, to] {
            for address in ends(&self.source) {
                let one = Self { ports: Some((port, port)), source: address.clone(), ..self.clone() };
                if !others.iter().any(|other| other.covers(&one)) {
                    return Beyond::Witness(Point { address, port });
                }
            }
        }
        Beyond::Unclear
    }

    fn covers(&self, other: &Self) -> bool {
        let protocol = self.protocol.is_none() || self.protocol == other.protocol;
        let ports = match (self.ports, other.ports) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((from, to)), Some((first, last))) => from <= first && last <= to,
        };
        let source = match (&self.source, &other.source) {
            (Source::Network(mine, length), Source::Network(theirs, longer)) => {
                length <= longer
                    && mine.is_ipv4() == theirs.is_ipv4()
                    && prefix(mine, *length) == prefix(theirs, *length)
            }
            (mine, theirs) => mine == theirs,
        };
        protocol && ports && source
    }
}

fn full(address: &IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn bits(address: &IpAddr) -> u128 {
    match address {
        IpAddr::V4(it) => u128::from(it.to_bits()),
        IpAddr::V6(it) => it.to_bits(),
    }
}

/// The first `length` bits of an address.
fn prefix(address: &IpAddr, length: u8) -> u128 {
    bits(address).checked_shr(u32::from(full(address).saturating_sub(length))).unwrap_or(0)
}

/// The last address of a network.
fn last(first: &IpAddr, length: u8) -> Source {
    let free = u32::from(full(first).saturating_sub(length));
    let mask = 1_u128.checked_shl(free).map_or(u128::MAX, |it| it - 1);
    let address = bits(first) | mask;
    let address = match first {
        IpAddr::V4(_) => IpAddr::from(u32::try_from(address).unwrap_or(u32::MAX).to_be_bytes()),
        IpAddr::V6(_) => IpAddr::from(address.to_be_bytes()),
    };
    Source::Network(address, full(first))
}

fn read(object: &Object, nothing: bool) -> Read {
    let mut read = Read { group: String::new(), rules: Vec::new(), unknown: Vec::new() };
    let id = |attribute: &str| object.get(attribute).name().unwrap_or_else(|| object.address.to_string());
    match &*object.type_name {
        "aws_security_group" => {
            read.group = id("id");
            match object.get("ingress") {
                Val::Hole(_) if nothing => {}
                Val::Hole(_) => read.unknown.push("ingress".into()),
                rules => {
                    for (at, rule) in rules.items().iter().enumerate() {
                        read.inline(rule, &format!("ingress[{at}]"));
                    }
                }
            }
        }
        "aws_security_group_rule" => {
            read.group = id("security_group_id");
            match object.get("type") {
                Val::Text(kind) if &**kind == "egress" => {}
                Val::Text(_) => read.inline(&object.values, ""),
                _ => read.unknown.push("type".into()),
            }
        }
        _ => {
            read.group = id("security_group_id");
            let rule = &object.values;
            let (protocol, ports) = (rule.get("ip_protocol"), (rule.get("from_port"), rule.get("to_port")));
            for source in ["cidr_ipv4", "cidr_ipv6", "referenced_security_group_id", "prefix_list_id"] {
                read.rule(protocol, ports, rule.get(source), source);
            }
        }
    }
    read
}

impl Read {
    /// A rule with lists of sources.
    fn inline(&mut self, rule: &Val, path: &str) {
        let at = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let (protocol, ports) = (rule.get("protocol"), (rule.get("from_port"), rule.get("to_port")));
        for list in ["cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups"] {
            match rule.get(list) {
                Val::List(sources) => sources.iter().for_each(|source| self.rule(protocol, ports, source, &at(list))),
                // Nobody knows how many there are.
                Val::Hole(_) => self.unknown.push(at(list)),
                _ => {}
            }
        }
        self.rule(protocol, ports, rule.get("source_security_group_id"), &at("source_security_group_id"));
        if rule.get("self").flag() == Some(true) {
            let own = Val::Text(self.group.as_str().into());
            self.rule(protocol, ports, &own, &at("self"));
        } else if rule.get("self").has_hole() {
            self.unknown.push(at("self"));
        }
    }

    fn rule(&mut self, protocol: &Val, (from, to): (&Val, &Val), source: &Val, path: &str) {
        if source.is_unset() {
            return;
        }
        let Some(source) = named(source) else { return self.unknown.push(path.to_owned()) };
        let protocol = match protocol {
            Val::Text(text) => match &*text.to_lowercase() {
                "-1" | "all" => None,
                "6" => Some("tcp".to_owned()),
                "17" => Some("udp".to_owned()),
                "1" => Some("icmp".to_owned()),
                "58" => Some("icmpv6".to_owned()),
                other => Some(other.to_owned()),
            },
            _ => return self.unknown.push(path.to_owned()),
        };
        // Other protocols have no ports: whatever stands there, all of it is let in.
        let numbered = matches!(protocol.as_deref(), Some("tcp" | "udp" | "icmp" | "icmpv6"));
        let ports = match (number(from), number(to)) {
            _ if !numbered => None,
            (Some(from), Some(to)) if from <= to => Some((from, to)),
            // Type and code of ICMP: -1 is any.
            (Some(from), Some(_)) if matches!(protocol.as_deref(), Some("icmp" | "icmpv6")) => Some((from, from)),
            _ => return self.unknown.push(path.to_owned()),
        };
        let ports = ports.filter(|(from, _)| *from >= 0);
        self.rules.push(Ingress { protocol, ports, source, path: path.to_owned() });
    }
}

fn number(value: &Val) -> Option<i64> {
    match value {
        Val::Number(text) => text.parse().ok(),
        Val::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn named(source: &Val) -> Option<Source> {
    match source {
        Val::Text(text) => Some(match text.split_once('/') {
            Some((address, length)) => {
                let (address, length): (IpAddr, u8) = (address.parse().ok()?, length.parse().ok()?);
                if length > full(&address) {
                    return None;
                }
                Source::Network(address, length)
            }
            None => Source::Named(text.to_string()),
        }),
        Val::Hole(_) => source.name().map(Source::Named),
        _ => None,
    }
}

fn shown(source: &Source) -> String {
    match source {
        Source::Network(first, length) => format!("{first}/{length}"),
        Source::Named(name) => name.clone(),
    }
}

fn told(object: &Object, group: &str, rule: &Ingress, point: &Point) -> NewAccess {
    let protocol = rule.protocol.as_deref().unwrap_or("any protocol");
    let ports = match rule.ports {
        None => String::new(),
        Some((from, to)) if from == to => format!(" {from}"),
        Some((from, to)) => format!(" {from}-{to}"),
    };
    let action = format!("network:{protocol}{ports}");
    let principal = format!("network {}", shown(&rule.source));
    let context = match rule.protocol.as_deref() {
        Some("tcp" | "udp") | None => BTreeMap::from([("port".to_owned(), vec![point.port.to_string()])]),
        _ => BTreeMap::new(),
    };
    NewAccess {
        explanation: format!(
            "`{principal}` can now connect by {protocol}{ports} to what is in `{group}`: `{}` of `{}`; no rule of the \
             group in the plan let it in before",
            rule.path, object.address
        ),
        actions: vec![action.clone()],
        action_levels: vec![ActionAccess { action: action.clone(), levels: vec!["read".into(), "write".into()] }],
        resources: vec![group.to_owned()],
        conditions: Vec::new(),
        statement: StatementRef { address: object.address.to_string(), path: rule.path.clone(), index: 0, sid: None },
        witness: Witness {
            principal: match &point.address {
                Source::Network(address, _) => format!("network {address}"),
                Source::Named(name) => format!("network {name}"),
            },
            action,
            resource: group.to_owned(),
            context,
        },
        principal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(protocol: &str, from: i64, to: i64, source: &str) -> Ingress {
        let mut read = Read { group: "sg".into(), rules: Vec::new(), unknown: Vec::new() };
        let number = |it: i64| Val::Number(it.to_string());
        read.rule(&Val::Text(protocol.into()), (&number(from), &number(to)), &Val::Text(source.into()), "p");
        assert!(read.unknown.is_empty());
        read.rules.remove(0)
    }

    #[test]
    fn rules_contain_each_other_by_protocol_ports_and_prefix() {
        let wide = rule("tcp", 0, 1024, "10.0.0.0/8");
        assert!(wide.covers(&rule("6", 22, 22, "10.1.0.0/16")));
        assert!(!wide.covers(&rule("udp", 22, 22, "10.1.0.0/16")));
        assert!(!wide.covers(&rule("tcp", 22, 2000, "10.1.0.0/16")));
        assert!(!wide.covers(&rule("tcp", 22, 22, "0.0.0.0/0")));
        assert!(!wide.covers(&rule("-1", 0, 0, "10.1.0.0/16")));
        assert!(rule("-1", 0, 0, "::/0").covers(&rule("tcp", 22, 22, "fd00::/8")));
        assert!(!rule("-1", 0, 0, "0.0.0.0/0").covers(&rule("tcp", 22, 22, "fd00::/8")));
        assert!(rule("icmp", -1, -1, "0.0.0.0/0").covers(&rule("icmp", 8, 0, "1.2.3.4/32")));
    }

    #[test]
    fn a_witness_is_let_in_by_no_rule_before() {
        let wider = rule("tcp", 22, 80, "0.0.0.0/0");
        let before = [rule("tcp", 22, 22, "0.0.0.0/0"), rule("tcp", 23, 80, "10.0.0.0/8")];
        match wider.beyond(&before) {
            Beyond::Witness(point) => {
                let one = Ingress { ports: Some((point.port, point.port)), source: point.address, ..wider.clone() };
                assert!(wider.covers(&one) && !before.iter().any(|rule| rule.covers(&one)));
            }
            _ => panic!("a witness is expected"),
        }
        let halves = [rule("tcp", 22, 80, "0.0.0.0/1"), rule("tcp", 22, 80, "128.0.0.0/1")];
        assert!(matches!(wider.beyond(&halves), Beyond::Unclear));
        assert!(matches!(wider.beyond(&[rule("-1", 0, 0, "0.0.0.0/0")]), Beyond::Nothing));
    }
}
