//! What was read of a repository: the facts that a diagnosis is made of.

/// Something about the set-up: what it is, or why it cannot be told.
pub type Told<T> = Result<T, String>;

/// What was read of a repository, and what its configuration says.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The environment of the apply job, as configured.
    pub environment_name: String,
    /// That environment; `None` where there is none.
    pub environment: Told<Option<Environment>>,
    /// The default branch.
    pub default_branch: String,
    /// Its rules, from rulesets and from classic protection.
    pub branch: Told<BranchRules>,
    /// The environments that the jobs of the apply workflow name; `None` where there is no such file.
    pub apply_workflow: Told<Option<Vec<Option<String>>>>,
    /// Names of the secrets that every workflow of every branch can read.
    pub repository_secrets: Told<Vec<String>>,
    /// Whether the token of this run may administer the repository.
    pub token_administers: Told<bool>,
    /// What `tollgate.toml` of the default branch says.
    pub configuration: Told<Configured>,
}

/// A deployment environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Which branches may deploy to it.
    pub branches: Branches,
    /// How many people or teams are named as its reviewers.
    pub reviewers: usize,
    /// Whether whoever started a run may approve it as a reviewer.
    pub self_review: bool,
    /// Whether administrators may pass by its rules; `None` where the forge does not say.
    pub admins_bypass: Option<bool>,
}

/// Which branches may deploy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branches {
    /// All of them.
    Any,
    /// The protected ones.
    Protected,
    /// The default branch alone.
    DefaultOnly,
    /// Named ones, among them others than the default branch.
    Others,
    /// Named ones, which could not be read.
    Unread,
}

/// The rules of the default branch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BranchRules {
    /// How many reviews a merge needs; `None` where no pull request is needed.
    pub reviews: Option<u64>,
    /// Whether code owners have to be among them.
    pub code_owners: bool,
    /// Checks that a merge needs, each with the number of the app that has to post it, if one is named.
    pub checks: Vec<(String, Option<u64>)>,
    /// Whether history may be rewritten.
    pub force_pushes: bool,
    /// Whether the rules may be incomplete: classic protection shows its reviews to administrators alone.
    pub partly_unread: bool,
}

/// What the configuration says, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured {
    /// How many approver rules there are.
    pub approver_rules: usize,
    /// `ledger`.
    pub ledger: Option<String>,
    /// `plan_store.url`.
    pub plan_store: bool,
    /// How many recipients plan files are encrypted to.
    pub recipients: usize,
    /// `apply.claims`.
    pub claims: Option<String>,
    /// Whether break-glass is switched on.
    pub break_glass: bool,
}
