//! Built-in roles of Azure: the well-known ones by their documented patterns, the others by facts about them.
//!
//! Source: Microsoft Learn, "Azure built-in roles"; `roles.tsv` holds facts computed from the published definitions
//! (see `THIRD_PARTY.md`): id, name, whether it has data actions, whether it is conditioned, operations that it
//! surely permits, and roles that contain it.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::access::facts::Definition;

/// What a role permits: actions without the excluded ones, for both planes.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    /// Control operations.
    pub(super) actions: Vec<String>,
    /// Control operations that are taken out.
    pub(super) not_actions: Vec<String>,
    /// Data operations.
    pub(super) data: Vec<String>,
    /// Data operations that are taken out.
    pub(super) not_data: Vec<String>,
    /// The condition that belongs to the role.
    pub(super) condition: Option<String>,
}

/// Facts about a built-in role.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    /// The id, in lower case.
    pub(super) id: &'static str,
    /// Whether it permits data operations.
    pub(super) has_data: bool,
    /// Whether a condition belongs to it, so that its operations are not certain.
    pub(super) conditioned: bool,
    sample: &'static str,
    data_sample: &'static str,
    contained_in: &'static str,
}

/// What an imported role permits, each block with its condition.
pub(super) fn imported(definition: &Definition) -> Vec<Block> {
    let block = |block: &crate::access::facts::Block| Block {
        actions: block.actions.clone(),
        not_actions: block.not_actions.clone(),
        data: block.data_actions.clone(),
        not_data: block.not_data_actions.clone(),
        condition: block.condition.clone(),
    };
    definition.blocks.iter().map(block).collect()
}

static TABLE: &str = include_str!("roles.tsv");

fn read(line: &'static str) -> Option<(&'static str, Facts)> {
    let mut cells = line.split('\t');
    let (id, name) = (cells.next()?, cells.next()?);
    let (has_data, conditioned) = (cells.next()? == "d", cells.next()? == "?");
    let (sample, data_sample, contained_in) = (cells.next()?, cells.next()?, cells.next()?);
    Some((name, Facts { id, has_data, conditioned, sample, data_sample, contained_in }))
}

/// How many roles there are facts about.
pub(super) fn count() -> usize {
    TABLE.lines().count()
}

/// The built-in role of an id or a name, in any case.
pub(super) fn builtin(key: &str) -> Option<Facts> {
    static BY_KEY: LazyLock<HashMap<String, Facts>> = LazyLock::new(|| {
        let mut all = HashMap::new();
        for (name, facts) in TABLE.lines().filter_map(read) {
            for key in [facts.id, name] {
                all.entry(key.to_ascii_lowercase()).or_insert(facts);
            }
        }
        all
    });
    BY_KEY.get(&key.to_ascii_lowercase()).copied()
}

impl Facts {
    /// Operations that the role surely permits, for witnesses.
    pub(super) fn sample(&self) -> Block {
        let list = |text: &str| text.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect();
        match self.conditioned {
            true => Block::default(),
            false => Block { actions: list(self.sample), data: list(self.data_sample), ..Block::default() },
        }
    }

    /// Whether `other` permits all that this role permits.
    pub(super) fn is_within(&self, other: &str) -> bool {
        let mut seen = vec![self.id];
        let mut open = vec![*self];
        while let Some(role) = open.pop() {
            for id in role.contained_in.split(',').filter(|id| !id.is_empty()) {
                if id.eq_ignore_ascii_case(other) {
                    return true;
                }
                if !seen.contains(&id) {
                    seen.push(id);
                    open.extend(builtin(id));
                }
            }
        }
        false
    }
}

/// The documented patterns of a well-known role, by its id: actions, not actions, data actions.
pub(super) fn patterns(id: &str) -> Option<Block> {
    let vault = "Microsoft.Authorization/*/read Microsoft.Insights/alertRules/* Microsoft.Resources/deployments/* \
                 Microsoft.Resources/subscriptions/resourceGroups/read Microsoft.Support/* \
                 Microsoft.KeyVault/checkNameAvailability/read Microsoft.KeyVault/deletedVaults/read \
                 Microsoft.KeyVault/locations/*/read Microsoft.KeyVault/vaults/*/read Microsoft.KeyVault/operations/read";
    let (actions, not_actions, data) = match id {
        "8e3af657-a8ff-443c-a75c-2fe8c4bcb635" => ("*", "", ""),
        "b24988ac-6180-42a0-ab88-20f7382dd24c" => (
            "*",
            "Microsoft.Authorization/*/Delete Microsoft.Authorization/*/Write \
             Microsoft.Authorization/elevateAccess/Action Microsoft.Blueprint/blueprintAssignments/write \
             Microsoft.Blueprint/blueprintAssignments/delete Microsoft.Compute/galleries/share/action \
             Microsoft.Purview/consents/write Microsoft.Purview/consents/delete \
             Microsoft.Resources/deploymentStacks/manageDenySetting/action Microsoft.Subscription/cancel/action \
             Microsoft.Subscription/enable/action",
            "",
        ),
        "acdd72a7-3385-48ef-bd42-f606fba81ae7" => ("*/read", "", ""),
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9" => ("*/read Microsoft.Authorization/* Microsoft.Support/*", "", ""),
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168" => (
            "Microsoft.Authorization/roleAssignments/write Microsoft.Authorization/roleAssignments/delete */read \
             Microsoft.Support/*",
            "",
            "",
        ),
        "00482a5a-887f-4fb3-b363-3b7fe8e74483" => (vault, "", "Microsoft.KeyVault/vaults/*"),
        "b86a8fe4-44ce-4948-aee5-eccb2c155cd7" => (vault, "", "Microsoft.KeyVault/vaults/secrets/*"),
        "4633458b-17de-408a-b874-0445c86b69e6" => (
            "",
            "",
            "Microsoft.KeyVault/vaults/secrets/getSecret/action Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        ),
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1" => (
            "Microsoft.Storage/storageAccounts/blobServices/containers/read \
             Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
            "",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        ),
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b" => (
            "Microsoft.Storage/storageAccounts/blobServices/containers/* \
             Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
            "",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*",
        ),
        _ => return None,
    };
    let list = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    Some(Block { actions: list(actions), not_actions: list(not_actions), data: list(data), ..Block::default() })
}
