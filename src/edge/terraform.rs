//! The `terraform` or `tofu` process: `show -json` of a binary plan.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::apply::is_secret;

/// The program that reads binary plans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terraform {
    program: OsString,
}

impl Terraform {
    /// The program given by flag or environment, else `terraform`, else `tofu`, whichever is on `PATH`.
    ///
    /// # Errors
    /// When none is given and none is found.
    pub fn find(given: Option<&OsStr>) -> Result<Self> {
        if let Some(program) = given {
            return Ok(Self { program: program.to_owned() });
        }
        ["terraform", "tofu"].into_iter().find(|name| on_path(name)).map(|name| Self { program: name.into() }).context(
            "a binary plan needs `terraform` or `tofu`, and neither is on PATH\n  help: name one with --terraform or \
                 TOLLGATE_TERRAFORM, or give the output of `terraform show -json PLAN`",
        )
    }

    /// What `show -json` prints for a plan file. The program runs in the plan's own folder's working directory,
    /// that is the current one: it needs the providers of `terraform init`.
    ///
    /// # Errors
    /// When the program does not start, fails, or prints nothing; its message is passed on.
    pub fn show_json(&self, plan: &Path) -> Result<Vec<u8>> {
        let plan = std::path::absolute(plan).with_context(|| format!("cannot find `{}`", plan.display()))?;
        let mut command = Command::new(&self.program);
        // Plugins run when a plan is read; they get no token.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_none_or(is_secret)) {
            command.env_remove(name);
        }
        let out = command
            .args(["show", "-json", "-no-color"])
            .arg(&plan)
            .stdin(Stdio::null())
            // Flags from the environment could make it print another format, or another plan.
            .env_remove("TF_CLI_ARGS")
            .env_remove("TF_CLI_ARGS_show")
            .env_remove("TF_LOG")
            .env("TF_IN_AUTOMATION", "1")
            .output()
            .with_context(|| {
                format!("cannot run `{}`\n  help: check --terraform or TOLLGATE_TERRAFORM", self.shown())
            })?;
        if !out.status.success() || out.stdout.is_empty() {
            let said: String = String::from_utf8_lossy(&out.stderr)
                .lines()
                .filter(|line| !line.trim().is_empty())
                .take(6)
                .collect::<Vec<_>>()
                .join(" / ");
            bail!(
                "`{} show -json {}` failed ({}): {said}\n  help: run it after `init`, in the folder the plan was made in",
                self.shown(),
                plan.display(),
                out.status,
            );
        }
        Ok(out.stdout)
    }

    /// The program.
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    fn shown(&self) -> std::borrow::Cow<'_, str> {
        self.program.to_string_lossy()
    }
}

fn on_path(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| {
            let file = folder.join(name);
            file.is_file() || file.with_extension("exe").is_file()
        })
    })
}
