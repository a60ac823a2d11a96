//! What a pod takes of the node it runs on.

use std::collections::BTreeSet;

use super::object::{CONTAINERS, block, each, field, truth};
use crate::access::worlds::Val;

/// Pod Security levels, from the least strict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Anything goes.
    Privileged,
    /// No known way out of the pod.
    Baseline,
    /// Hardened.
    Restricted,
}

impl Level {
    /// The level of a label's value. Without the label nothing is enforced by default (the cluster's own default is
    /// not in the plan); under a value nobody knows the strictest level is (`pod-security-admission`, `ParseLevel`).
    pub(super) fn of(label: Option<&str>) -> Self {
        match label {
            Some("privileged") | None => Self::Privileged,
            Some("baseline") => Self::Baseline,
            Some(_) => Self::Restricted,
        }
    }

    /// The level's name.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

/// What the specification of a pod asks of the node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// What gives the node outright, in words.
    pub(super) root: BTreeSet<String>,
    /// What may give it.
    pub(super) risky: BTreeSet<String>,
}

/// Directories of the node that give the node.
const ROOTS: &[&str] =
    &["/run", "/var/run", "/etc", "/proc", "/var/lib/kubelet", "/var/lib/docker", "/var/lib/containerd"];

/// Capabilities that containers have anyway (Kubernetes documentation, "Pod Security Standards", level baseline).
const COMMON: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

impl Reach {
    /// Reads a pod specification.
    pub(super) fn of(pod: &Val) -> Self {
        let mut reach = Self::default();
        for flag in ["host_pid", "host_ipc", "host_network"] {
            match field(pod, flag) {
                Val::Hole(_) => drop(reach.risky.insert(format!("{flag} (known after apply)"))),
                other if truth(other) == Some(true) => drop(reach.risky.insert(flag.to_owned())),
                _ => {}
            }
        }
        reach.windows(block(pod, "security_context"));
        for (one, many) in CONTAINERS {
            let containers = each(pod, one, many);
            if containers.hole().is_some() {
                reach.risky.insert(format!("{one} (known after apply)"));
            }
            for container in containers.items() {
                let security = block(container, "security_context");
                match security.get("privileged") {
                    Val::Hole(_) => drop(reach.risky.insert("privileged (known after apply)".to_owned())),
                    other if truth(other) == Some(true) => {
                        reach.root.insert("a privileged container".to_owned());
                    }
                    _ => {}
                }
                reach.windows(security);
                let added = block(security, "capabilities").get("add");
                if added.has_hole() {
                    reach.risky.insert("capabilities (known after apply)".to_owned());
                }
                let more = added.names().into_iter().filter(|one| !COMMON.contains(&one.as_str()));
                reach.risky.extend(more.map(|one| format!("capability {one}")));
            }
        }
        let volumes = each(pod, "volume", "volumes");
        if volumes.hole().is_some() {
            reach.risky.insert("volume (known after apply)".to_owned());
        }
        for volume in volumes.items() {
            let host = block(volume, "host_path");
            if host.is_unset() {
                continue;
            }
            match host.get("path").text() {
                Some(path) if gives_node(path) => drop(reach.root.insert(format!("host path {path}"))),
                Some(path) => drop(reach.risky.insert(format!("host path {path}"))),
                None => drop(reach.risky.insert("host path (known after apply)".to_owned())),
            }
        }
        reach
    }

    /// Containers of Windows that are processes of the node (Kubernetes documentation, "Create a Windows HostProcess
    /// Pod").
    fn windows(&mut self, security: &Val) {
        let host = field(block(security, "windows_options"), "host_process");
        if host.has_hole() {
            self.risky.insert("host_process (known after apply)".to_owned());
        } else if truth(host) == Some(true) {
            self.root.insert("a host process container".to_owned());
        }
    }
}

fn gives_node(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    path.is_empty()
        || path == "/var"
        || path == "/var/lib"
        || ROOTS.iter().any(|root| path == *root || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_spellings_give_the_node() {
        let typed = json!({"container": [{"security_context": [{"privileged": true}]}]});
        let manifest = json!({"containers": [{"securityContext": {"privileged": true}}]});
        for pod in [typed, manifest] {
            assert_eq!(Reach::of(&Val::known(&pod)).root.len(), 1);
        }
    }

    #[test]
    fn what_containers_have_anyway_is_no_capability_more() {
        let adds = |name: &str| json!({"containers": [{"securityContext": {"capabilities": {"add": [name]}}}]});
        assert!(Reach::of(&Val::known(&adds("NET_BIND_SERVICE"))).risky.is_empty());
        assert!(!Reach::of(&Val::known(&adds("SYS_ADMIN"))).risky.is_empty());
        assert!(!Reach::of(&Val::known(&adds("ALL"))).risky.is_empty());
    }

    #[test]
    fn only_some_directories_give_the_node() {
        assert!(["/", "/etc/", "/etc/kubernetes", "/var/run/docker.sock"].into_iter().all(gives_node));
        assert!(!["/srv/data", "/etcetera"].into_iter().any(gives_node));
    }
}
