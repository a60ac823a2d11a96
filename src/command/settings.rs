//! Which configuration, policies and data documents count: from the work tree, or from one commit.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::cli::{RegoSyntax, SettingsArgs};
use crate::config::{Config, FILE_NAME, nearest};
use crate::edge::files::{self, TextFile};
use crate::edge::repository::Repository;
use crate::policy::{DataSource, Policies, PolicyOptions, PolicySource, RegoVersion};

/// Everything that decides how plans are judged.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    /// The configuration; the default one where there is no file.
    pub(super) config: Config,
    /// The text of the configuration file; empty where there is none.
    pub config_text: String,
    /// The policies beside the built-in rules.
    pub(super) policies: Vec<PolicySource>,
    /// The data documents.
    pub(super) data: Vec<DataSource>,
    /// Imported definitions of roles, in the order in which the later ones count.
    pub(super) catalogues: Vec<TextFile>,
    /// How policies are loaded.
    pub(super) options: PolicyOptions,
    /// Files of the gate itself that differ between that commit and the work tree.
    pub(super) changed: Vec<String>,
}

/// The id of the finding about changed files of the gate itself.
pub(super) const GATE_CHANGED: &str = "gate-changed";

const REGO: &[&str] = &["rego"];
const DATA: &[&str] = &["json", "yaml", "yml"];
const CONFIG_PLACES: [&str; 2] = [FILE_NAME, ".github/tollgate.toml"];

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    /// When a named file, pattern or commit cannot be read, or the configuration is wrong.
    pub(super) fn read(args: &SettingsArgs, now: jiff::Timestamp) -> Result<Self> {
        let here = Path::new(".");
        let repository = Repository::around(here);
        let mut settings = match &args.config_ref {
            None => Self::from_work_tree(args, repository.as_ref())?,
            Some(name) => {
                let repository =
                    repository.context("--config-ref needs a git repository around the working directory")?;
                Self::from_commit(args, &repository, name)?
            }
        };
        settings.options = options(args, &settings.config, now);
        Ok(settings)
    }

    /// Checks that configuration names only rules that exist.
    ///
    /// # Errors
    /// When it names one that no loaded or built-in policy has.
    pub(super) fn check_rule_ids(&self, policies: &Policies) -> Result<()> {
        let known: Vec<&str> = policies.rules().map(|metadata| metadata.id.as_str()).chain([GATE_CHANGED]).collect();
        for id in self.config.levels.rules.keys() {
            // The rules of conftest packages are named by namespace and set.
            if known.contains(&id.as_str()) || id.contains('.') || !self.options.builtin {
                continue;
            }
            let help = nearest(id, known.iter().copied()).map(|near| format!("\n  help: did you mean `{near}`?"));
            bail!("the configuration names a rule that does not exist: `{id}`{}", help.unwrap_or_default());
        }
        Ok(())
    }

    fn from_work_tree(args: &SettingsArgs, repository: Option<&Repository>) -> Result<Self> {
        let root = repository.map_or_else(|| PathBuf::from("."), |repository| repository.root().to_owned());
        let file = match &args.config {
            Some(path) => Some(files::read_text(path)?),
            None if args.no_config => None,
            None => match CONFIG_PLACES.iter().map(|place| root.join(place)).find(|path| path.is_file()) {
                Some(path) => Some(files::read_text(&path)?),
                None => None,
            },
        };
        let config_text = file.as_ref().map(|file| file.text.clone()).unwrap_or_default();
        let config = parse(file)?;
        let from_root = |patterns: &[String]| -> Vec<String> {
            patterns.iter().map(|pattern| root.join(pattern).to_string_lossy().into_owned()).collect()
        };
        let policies = [from_root(&config.policies.paths), args.policies.clone()].concat();
        let data = [from_root(&config.policies.data), args.data.clone()].concat();
        let named = config.catalogue.files.iter().map(|file| root.join(file)).chain(args.catalogues.iter().cloned());
        let catalogues = named.map(|path| files::read_text(&path)).collect::<Result<_>>()?;
        Ok(Self {
            policies: read_policies(&policies)?,
            data: read_data(&data)?,
            catalogues,
            config,
            config_text,
            ..Self::default()
        })
    }

    fn from_commit(args: &SettingsArgs, repository: &Repository, name: &str) -> Result<Self> {
        let commit = repository.commit(name)?;
        let tree = repository.list(&commit)?;
        let place = match &args.config {
            Some(path) => Some(inside(repository, path)?),
            None => CONFIG_PLACES.iter().find(|place| tree.iter().any(|file| file == *place)).map(|p| (*p).to_owned()),
        };
        let file = place.as_deref().map(|place| repository.text(&commit, place)).transpose()?;
        let config_text = file.as_ref().map(|file| file.text.clone()).unwrap_or_default();
        let config = parse(file)?;
        // A path given on the command line is the pipeline's own; below the repository it is read at the commit too.
        let inside_all = |patterns: &[String]| -> Result<Vec<String>> {
            patterns.iter().map(|pattern| inside(repository, Path::new(pattern))).collect()
        };
        let policies = [config.policies.paths.clone(), inside_all(&args.policies)?].concat();
        let data = [config.policies.data.clone(), inside_all(&args.data)?].concat();
        let mut read_policies = Vec::new();
        for (path, _) in select(&tree, &policies, REGO)? {
            let TextFile { path, text } = repository.text(&commit, &path)?;
            read_policies.push(PolicySource { path, text });
        }
        let mut read_data = Vec::new();
        for (path, prefix) in select(&tree, &data, DATA)? {
            let TextFile { path, text } = repository.text(&commit, &path)?;
            read_data.push(DataSource { path, text, prefix });
        }
        let named = args.catalogues.iter().map(|path| inside(repository, path)).collect::<Result<Vec<_>>>()?;
        let named = [config.catalogue.files.clone(), named].concat();
        let catalogues = named.iter().map(|path| repository.text(&commit, path)).collect::<Result<_>>()?;
        let watched = CONFIG_PLACES
            .iter()
            .map(|place| (*place).to_owned())
            .chain(place)
            .chain(named)
            .chain(policies.iter().chain(&data).flat_map(|path| [path.clone(), format!("{path}/**")]))
            .collect::<Vec<_>>();
        let changed = repository.changed_since(&commit, &watched)?;
        Ok(Self {
            config,
            config_text,
            policies: read_policies,
            data: read_data,
            catalogues,
            changed,
            ..Self::default()
        })
    }
}

fn parse(file: Option<TextFile>) -> Result<Config> {
    match file {
        Some(TextFile { path, text }) => Ok(Config::parse(&path, &text)?),
        None => Ok(Config::default()),
    }
}

fn options(args: &SettingsArgs, config: &Config, now: jiff::Timestamp) -> PolicyOptions {
    let mut options = PolicyOptions {
        all_namespaces: args.all_namespaces,
        rego_version: version(args.rego_version),
        builtin: !args.no_builtin_policies,
        now_ns: i64::try_from(now.as_nanosecond()).unwrap_or(i64::MAX),
        ..PolicyOptions::default()
    };
    let named = if args.namespaces.is_empty() { &config.policies.namespaces } else { &args.namespaces };
    if !named.is_empty() {
        options.namespaces.clone_from(named);
    }
    if let Some(seconds) = config.policies.time_limit_seconds {
        options.time_limit = Duration::from_secs(seconds);
    }
    options
}

/// The engine's word for the syntax.
pub(super) fn version(syntax: RegoSyntax) -> RegoVersion {
    match syntax {
        RegoSyntax::V0 => RegoVersion::V0,
        RegoSyntax::V1 => RegoVersion::V1,
    }
}

/// Policies below paths, directories and globs of the work tree.
pub(super) fn read_policies(patterns: &[String]) -> Result<Vec<PolicySource>> {
    files::expand(patterns, REGO)?
        .iter()
        .map(|path| files::read_text(path).map(|TextFile { path, text }| PolicySource { path, text }))
        .collect()
}

/// Data documents below paths, directories and globs of the work tree. A document in a folder below a named
/// directory stands below `data` under that folder's name.
pub(super) fn read_data(patterns: &[String]) -> Result<Vec<DataSource>> {
    let mut found = Vec::new();
    for pattern in patterns {
        let base = Path::new(pattern);
        for path in files::expand(std::slice::from_ref(pattern), DATA)? {
            let prefix = match path.strip_prefix(base).ok().and_then(Path::parent) {
                Some(folders) => folders.iter().map(|part| part.to_string_lossy().into_owned()).collect(),
                None => Vec::new(),
            };
            let TextFile { path, text } = files::read_text(&path)?;
            found.push(DataSource { path, text, prefix });
        }
    }
    Ok(found)
}

/// A path of the work tree as the commit's tree names it.
fn inside(repository: &Repository, path: &Path) -> Result<String> {
    let full = std::path::absolute(path).with_context(|| format!("cannot find `{}`", path.display()))?;
    match full.strip_prefix(repository.root()) {
        Ok(relative) => Ok(files::shown(relative)),
        Err(_) => bail!(
            "`{}` is outside the repository, so --config-ref cannot read it\n  help: keep policies in the repository",
            path.display()
        ),
    }
}

/// The files of a tree that patterns select, each with its folders below a named directory.
fn select(tree: &[String], patterns: &[String], extensions: &[&str]) -> Result<Vec<(String, Vec<String>)>> {
    let mut found = Vec::new();
    for pattern in patterns {
        let before = found.len();
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        let glob = glob::Pattern::new(pattern).map_err(|e| anyhow::anyhow!("`{pattern}` is not a glob: {}", e.msg))?;
        let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
        for file in tree {
            let named = file.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension));
            let below = match pattern {
                "" => Some(file.as_str()),
                folder => file.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')),
            };
            match below {
                Some(below) if named => {
                    let folders = below.split('/').map(str::to_owned);
                    let depth = below.matches('/').count();
                    found.push((file.clone(), folders.take(depth).collect()));
                }
                _ if file == pattern || (named && glob.matches_with(file, options)) => {
                    found.push((file.clone(), Vec::new()));
                }
                _ => {}
            }
        }
        if found.len() == before {
            bail!("`{pattern}` matches no {} file at that commit", extensions.join("/"));
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}
