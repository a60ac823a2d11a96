//! With Google's roles imported, inclusion by the engine is plain inclusion of sets.

use std::path::PathBuf;
use std::sync::Arc;

use super::decide::{Sides, Space};
use super::model::{Grant, Model, Role};
use super::principal;
use crate::access::compare::{Options, compare};
use crate::access::facts::Catalogue;
use crate::access::rule::Origin;

fn model(role: &Role) -> Model {
    let grant = Grant {
        member: "user:a@x.example".into(),
        who: principal::member("user:a@x.example"),
        role: role.clone(),
        role_name: String::new(),
        place: "/project:p".into(),
        condition: vec![Vec::new()],
        condition_text: None,
        except: Vec::new(),
        origin: Origin::default(),
    };
    Model { grants: vec![grant], ..Model::default() }
}

#[test]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "reads the shared files, or says that it skips")]
fn inclusion_of_imported_roles_is_that_of_sets() {
    let root = std::env::var_os("TOLLGATE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let Ok(text) = std::fs::read(root.join("data/roles/gcp-roles.json")) else {
        println!("skipped: no role definitions beside the repository (TOLLGATE_SHARED)");
        return;
    };
    let mut catalogue = Catalogue::default();
    assert!(catalogue.import(&text).unwrap() > 2000);
    assert!(catalogue.import(&std::fs::read(root.join("data/roles/azure-roles.json")).unwrap()).unwrap() > 900);
    let all = catalogue.roles["gcp"].values().filter_map(|role| role.listed()).filter(|set| set.len() < 1500);
    let all: Vec<_> = all.map(Arc::new).collect();
    // All pairs of 200 take minutes without optimisation.
    let asked = std::env::var("TOLLGATE_ROLES").ok().and_then(|count| count.parse().ok());
    let count = asked.unwrap_or(if cfg!(debug_assertions) { 40 } else { 200 });
    let chosen: Vec<_> = all.iter().step_by(all.len() / count).take(count).cloned().collect();
    assert_eq!(chosen.len(), count);
    let (mut included, mut pairs) = (0, 0);
    for small in &chosen {
        for large in &chosen {
            let (before, after) = (model(&Role::Listed(large.clone())), model(&Role::Listed(small.clone())));
            let sides = Sides::of(&before, &after);
            let outcome = compare(&sides.before(), &sides.after(), &Space::of(&sides), Options::default());
            assert!(outcome.possible.is_empty());
            assert_eq!(outcome.new.is_empty(), small.is_subset(large));
            included += usize::from(outcome.new.is_empty());
            pairs += 1;
        }
    }
    println!("{included} of {pairs} pairs of roles are included");
}
