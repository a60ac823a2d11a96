//! The command line: clap types, no behaviour.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::report::Format;

/// A Terraform plan policy gate: what a plan newly permits, judged and decided.
#[derive(Debug, Parser)]
#[command(name = "tollgate", version, about, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The exit-code table, as `--help` shows it.
pub const EXIT_CODES: &str = "\
Exit codes:
   0  allowed
   1  tool error: no decision was made
   2  usage
  10  blocked
  11  approval required
  12  no open window";

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal and in CI, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read plans, judge their IAM changes, decide.
    Check(Box<CheckArgs>),
    /// Apply an approved plan file, once, inside its window.
    Apply(Box<ApplyArgs>),
    /// Approve a plan file without a forge: a grant, signed with an SSH key.
    Approve(Box<ApproveArgs>),
    /// Answer a comment on a pull request; needs neither a plan nor a checkout.
    Comment(CommentArgs),
    /// Say how things stand on the pull request.
    Status(Box<StatusArgs>),
    /// Explain an apply that died between its claim and its end, and record it as failed.
    Recover(RecoverArgs),
    /// Take back every approval on the pull request.
    Revoke(RevokeArgs),
    /// Say how far this repository's set-up really protects; reads only. Exit 1 when something is broken.
    Doctor,
    /// Write the workflows and a configuration to start from; overwrites nothing.
    Init(InitArgs),
    /// Read and check the ledger.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// List, explain and test rules.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Show what is built in, and import role definitions.
    #[command(subcommand)]
    Data(crate::command::data::DataCommand),
    /// Ask the access engine about policy documents, without a plan.
    #[command(subcommand)]
    Access(crate::command::access::AccessCommand),
}

/// `tollgate check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Plans: output of `terraform show -json`, binary plan files, or `-` for standard input.
    #[arg(required = true, value_name = "PLAN")]
    pub plans: Vec<PathBuf>,

    /// The format of the report on standard output.
    #[arg(long, value_enum, default_value_t = Format::Human, env = "TOLLGATE_FORMAT", help_heading = "Output")]
    pub format: Format,

    /// Write the report in another format to a file as well. Repeatable.
    #[arg(long = "output", value_name = "FORMAT=FILE", value_parser = parse_output, help_heading = "Output")]
    pub outputs: Vec<(Format, PathBuf)>,

    /// Write the step summary and the outputs of the CI system (GITHUB_STEP_SUMMARY, GITHUB_OUTPUT).
    #[arg(long, help_heading = "Output")]
    pub ci_outputs: bool,

    /// Say less: no progress on standard error.
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,

    /// The program that reads binary plans; default: `terraform`, else `tofu`, whichever is on PATH.
    #[arg(long, value_name = "PROGRAM", env = "TOLLGATE_TERRAFORM", help_heading = "Input")]
    pub terraform: Option<OsString>,

    /// Publish on the pull request: a check run, one comment, and the subject that an approval binds. Takes one
    /// binary plan.
    #[arg(long, help_heading = "Approval")]
    pub publish: bool,

    /// Keep the plan file in this store for `apply --from-store`, encrypted to `plan_store.recipients`; default:
    /// `plan_store.url` of the configuration.
    #[arg(long, value_name = "URL", env = "TOLLGATE_PLAN_STORE", help_heading = "Approval")]
    pub plan_store: Option<String>,

    /// Which pull request.
    #[command(flatten)]
    pub pull: PullArgs,

    /// Look for duplicate keys in every part of the plan, also in those that nothing reads.
    #[arg(long, help_heading = "Input")]
    pub strict_json: bool,

    /// Do not work out what is newly permitted: every IAM change counts as not compared. For policies of your own
    /// over very large plans.
    #[arg(long, help_heading = "Input")]
    pub no_access: bool,

    /// What is judged by and how.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// Which pull request and stack.
#[derive(Clone, Debug, Default, Args)]
pub struct PullArgs {
    /// The pull request; default: that of the event that started the run.
    #[arg(long, value_name = "NUMBER", env = "TOLLGATE_PR", help_heading = "Approval")]
    pub pr: Option<u64>,

    /// The stack's name; default: the working directory below the repository and the workspace.
    #[arg(long, value_name = "NAME", env = "TOLLGATE_STACK", help_heading = "Approval")]
    pub stack: Option<String>,
}

/// `tollgate apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The saved plan file that was approved, carried here by the workflow.
    #[arg(required_unless_present = "from_store", value_name = "PLANFILE")]
    pub plan: Option<PathBuf>,

    /// Fetch the approved plan file of the pull request from the plan store, decrypt it, and apply it.
    #[arg(long, conflicts_with = "plan")]
    pub from_store: bool,

    /// The plan store; default: `plan_store.url` of the configuration.
    #[arg(long, value_name = "URL", env = "TOLLGATE_PLAN_STORE")]
    pub plan_store: Option<String>,

    /// The file with the secret key that decrypts the plan file, as `age-keygen` writes it; default: the variable
    /// TOLLGATE_AGE_IDENTITY.
    #[arg(long, value_name = "FILE", env = "TOLLGATE_AGE_IDENTITY_FILE")]
    pub identity: Option<PathBuf>,

    /// Apply without the approvals that are missing, as `[break_glass]` of the configuration allows; needs --reason and
    /// --ticket. Loud, recorded, and to be reviewed.
    #[arg(long, conflicts_with_all = ["offline", "approvals"])]
    pub break_glass: bool,

    /// Why the glass is broken; one line.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,

    /// The incident.
    #[arg(long, value_name = "ID")]
    pub ticket: Option<String>,

    /// Without a forge: a grant that somebody signed (`tollgate approve`), with its signature beside it in GRANT.sig.
    /// Repeatable.
    #[arg(long = "approval", value_name = "GRANT", conflicts_with = "from_store")]
    pub approvals: Vec<PathBuf>,

    /// Without a forge, also for a plan that needs no approval.
    #[arg(long, conflicts_with = "from_store")]
    pub offline: bool,

    /// Which pull request.
    #[command(flatten)]
    pub pull: PullArgs,

    /// The program that applies; default: `terraform`, else `tofu`, whichever is on PATH.
    #[arg(long, value_name = "PROGRAM", env = "TOLLGATE_TERRAFORM")]
    pub terraform: Option<OsString>,

    /// Write what happened to this file, as JSON: the stage that ended it and why.
    #[arg(long, value_name = "FILE")]
    pub result: Option<PathBuf>,

    /// What the plan is judged by: the default branch's, as checked out in the job that applies.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// `tollgate approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The saved plan file to approve; the report is printed first.
    #[arg(value_name = "PLANFILE")]
    pub plan: PathBuf,

    /// How long the window is, from now, such as `1h`.
    #[arg(long = "for", value_name = "DURATION")]
    pub length: crate::approval::WindowLength,

    /// Why; one line of at least ten characters.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,

    /// The private SSH key to sign with. Without it the grant is written unsigned, for `ssh-keygen -Y sign`.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// Where the grant goes, its signature beside it in FILE.sig; default: PLANFILE.grant.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// The stack's name; default: the working directory below the repository and the workspace.
    #[arg(long, value_name = "NAME", env = "TOLLGATE_STACK")]
    pub stack: Option<String>,

    /// The program that reads the plan; default: `terraform`, else `tofu`, whichever is on PATH.
    #[arg(long, value_name = "PROGRAM", env = "TOLLGATE_TERRAFORM")]
    pub terraform: Option<OsString>,

    /// What the plan is judged by.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// `tollgate comment`.
#[derive(Debug, Args)]
pub struct CommentArgs {
    /// The event, as GitHub writes it for `issue_comment`.
    #[arg(long, value_name = "FILE", env = "GITHUB_EVENT_PATH")]
    pub event: PathBuf,
}

/// `tollgate status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// A plan file: say what is true of it, whatever a report claims.
    pub plan: Option<PathBuf>,

    /// Exit with 12 unless the plan of the stack may be applied now, and print the commit that it was made from (in
    /// GitHub Actions also as the step's output `head-sha`): for the apply job, before anything of the pull request is
    /// checked out.
    #[arg(long, conflicts_with = "plan")]
    pub permitted: bool,

    /// Which pull request.
    #[command(flatten)]
    pub pull: PullArgs,

    /// The program that reads the plan; default: `terraform`, else `tofu`, whichever is on PATH.
    #[arg(long, value_name = "PROGRAM", env = "TOLLGATE_TERRAFORM")]
    pub terraform: Option<OsString>,

    /// What the plan is judged by.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// `tollgate recover`.
#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// The pull request; default: that of the event that started the run.
    #[arg(long, value_name = "NUMBER", env = "TOLLGATE_PR")]
    pub pr: Option<u64>,

    /// The apply is certainly dead: record it as failed. Without this, nothing is written.
    #[arg(long)]
    pub finish: bool,
}

/// `tollgate revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// Why; one line.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,

    /// The pull request; default: that of the event that started the run.
    #[arg(long, value_name = "NUMBER", env = "TOLLGATE_PR")]
    pub pr: Option<u64>,
}

/// `tollgate init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Where the action is: `OWNER/REPOSITORY@COMMIT`, or `./FOLDER`.
    #[arg(long, value_name = "ACTION", default_value = "OWNER/tollgate@COMMIT")]
    pub action: String,

    /// The folder with the Terraform configuration.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub directory: String,
}

/// `tollgate audit`.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// List the records, one line each.
    List(LedgerArgs),
    /// Show one record as JSON.
    Show(AuditShowArgs),
    /// Check that no record was changed, removed or reordered, and with a checkpoint that none was cut off.
    Verify(AuditVerifyArgs),
    /// Write all records as JSON Lines.
    Export(LedgerArgs),
    /// Record that a use of break-glass was reviewed; in a pipeline's run that somebody else started.
    Review(AuditReviewArgs),
}

/// Which ledger.
#[derive(Debug, Args)]
pub struct LedgerArgs {
    /// The ledger's store, such as `file:///var/lib/tollgate`.
    #[arg(long, value_name = "URL", env = "TOLLGATE_LEDGER")]
    pub ledger: String,
}

/// `tollgate audit show`.
#[derive(Debug, Args)]
pub struct AuditShowArgs {
    /// The record's number.
    pub number: u64,
    /// Which ledger.
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

/// `tollgate audit review`.
#[derive(Debug, Args)]
pub struct AuditReviewArgs {
    /// The number of the break-glass record.
    pub number: u64,
    /// What the review found; one line.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Which ledger.
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

/// `tollgate audit verify`.
#[derive(Debug, Args)]
pub struct AuditVerifyArgs {
    /// Number and digest that the check run or the deployment shows, `12:HEX`.
    #[arg(long, value_name = "COUNT:DIGEST")]
    pub checkpoint: Option<String>,
    /// Which ledger.
    #[command(flatten)]
    pub ledger: LedgerArgs,
}

/// Which configuration and policies count.
#[derive(Clone, Debug, Default, Args)]
pub struct SettingsArgs {
    /// The configuration file; default: `tollgate.toml` or `.github/tollgate.toml` at the repository's root.
    #[arg(long, value_name = "FILE", env = "TOLLGATE_CONFIG", conflicts_with = "no_config", help_heading = "Policy")]
    pub config: Option<PathBuf>,

    /// Use no configuration file.
    #[arg(long, help_heading = "Policy")]
    pub no_config: bool,

    /// Read configuration, policies and waivers as they are at this commit, and report where the work tree differs.
    #[arg(
        long,
        value_name = "REF",
        env = "TOLLGATE_CONFIG_REF",
        conflicts_with = "no_config",
        help_heading = "Policy"
    )]
    pub config_ref: Option<String>,

    /// Rego policies beside the built-in rules: files, directories or globs. Repeatable.
    #[arg(long = "policy", short, value_name = "PATH", help_heading = "Policy")]
    pub policies: Vec<String>,

    /// Data documents for policies (JSON or YAML): files, directories or globs. Repeatable.
    #[arg(long = "data", short, value_name = "PATH", help_heading = "Policy")]
    pub data: Vec<String>,

    /// Role definitions that `tollgate data import` wrote; roles are then compared by what they permit. Repeatable,
    /// beside `[catalogue] files`.
    #[arg(long = "catalogue", value_name = "FILE", help_heading = "Policy")]
    pub catalogues: Vec<PathBuf>,

    /// Packages that are conftest policies; default `main`. Repeatable.
    #[arg(long = "namespace", short, value_name = "PACKAGE", help_heading = "Policy")]
    pub namespaces: Vec<String>,

    /// Treat every package with conftest rules and without metadata as conftest policies.
    #[arg(long, help_heading = "Policy")]
    pub all_namespaces: bool,

    /// The syntax of your policies.
    #[arg(long, value_enum, default_value_t = RegoSyntax::V1, help_heading = "Policy")]
    pub rego_version: RegoSyntax,

    /// Leave out the built-in rules.
    #[arg(long, help_heading = "Policy")]
    pub no_builtin_policies: bool,
}

/// The syntax of user policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum RegoSyntax {
    /// As before OPA 1.0.
    V0,
    /// As OPA 1.x and conftest take by default.
    #[default]
    V1,
}

/// `tollgate policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// List the rules.
    List(PolicyListArgs),
    /// Say what a rule looks for, and why.
    Explain(PolicyExplainArgs),
    /// Run the tests (`*_test.rego`) of policies.
    Test(PolicyTestArgs),
}

/// `tollgate policy list`.
#[derive(Debug, Args)]
pub struct PolicyListArgs {
    /// Which rules there are.
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// The format of the list.
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
}

/// The format of `tollgate policy list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A table.
    Human,
    /// An array of rule metadata.
    Json,
    /// A page of documentation.
    Markdown,
}

/// `tollgate policy explain`.
#[derive(Debug, Args)]
pub struct PolicyExplainArgs {
    /// The rule's id.
    pub rule: String,
    /// Which rules there are.
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// `tollgate policy test`.
#[derive(Debug, Args)]
pub struct PolicyTestArgs {
    /// Policies and their tests: files, directories or globs; default: the built-in rules.
    pub paths: Vec<String>,
    /// Data documents (JSON or YAML). Repeatable.
    #[arg(long = "data", short, value_name = "PATH")]
    pub data: Vec<String>,
    /// The syntax of the policies.
    #[arg(long, value_enum, default_value_t = RegoSyntax::V1)]
    pub rego_version: RegoSyntax,
}

fn parse_output(text: &str) -> Result<(Format, PathBuf), String> {
    let (format, file) = text.split_once('=').ok_or("write FORMAT=FILE, such as sarif=tollgate.sarif")?;
    let known = Format::value_variants();
    let format = known
        .iter()
        .copied()
        .find(|known| known.to_possible_value().is_some_and(|value| value.get_name() == format))
        .ok_or_else(|| format!("`{format}` is not a format"))?;
    if file.is_empty() {
        return Err("the file's name is missing".to_owned());
    }
    Ok((format, file.into()))
}
