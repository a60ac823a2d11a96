//! `cargo xtask bench-plan`: a plan of any size, for measurements.
//!
//! The shape, the key order and the escapes are those of `terraform show -json`; the proportions are those of large
//! real plans: 17 % of the rows are of IAM types, 70 % are `no-op`, every value stands in `planned_values`, in
//! `resource_changes` and (unless it is new) in `prior_state`. The same arguments give the same bytes.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Result;
use serde_json::{Map, Value, json};

/// Arguments of `bench-plan`.
#[derive(clap::Args)]
pub(crate) struct BenchPlan {
    /// Rows of `resource_changes`; 10,000 make about 52 MB.
    #[arg(long, default_value_t = 10_000)]
    rows: u32,
    /// Where to write it; standard output when left out.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Writes the plan.
pub(crate) fn run(options: &BenchPlan) -> Result<()> {
    match &options.out {
        Some(path) => write_plan(&mut BufWriter::new(std::fs::File::create(path)?), options.rows),
        None => write_plan(&mut BufWriter::new(std::io::stdout().lock()), options.rows),
    }
}

fn write_plan(out: &mut impl Write, rows: u32) -> Result<()> {
    write!(out, r#"{{"format_version":"1.2","terraform_version":"1.11.4","#)?;
    write!(out, r#""variables":{{"region":{{"value":"eu-west-1"}}}},"planned_values":{{"root_module":{{"#)?;
    list(out, "resources", (0..rows).filter(|row| Row(*row).after()), |out, row| row.value(out, true))?;
    write!(out, "}}}},")?;
    list(out, "resource_changes", 0..rows, |out, row| row.change(out))?;
    write!(out, r#","prior_state":{{"format_version":"1.0","terraform_version":"1.11.4","values":{{"root_module":{{"#)?;
    list(out, "resources", (0..rows).filter(|row| Row(*row).before()), |out, row| row.value(out, false))?;
    write!(out, "}}}}}},\"configuration\":")?;
    let provider = json!({"aws": {"name": "aws", "full_name": PROVIDER,
        "expressions": {"region": {"references": ["var.region"]}}}});
    write!(out, r#"{{"provider_config":{provider},"root_module":{{"#)?;
    list(out, "resources", 0..rows, |out, row| row.configuration(out))?;
    write!(out, r#","variables":{{"region":{{}}}}}}}},"relevant_attributes":[],"timestamp":"2026-11-21T09:00:00Z","#)?;
    writeln!(out, r#""applyable":true,"complete":true,"errored":false}}"#)?;
    Ok(out.flush()?)
}

fn list<W: Write>(
    out: &mut W,
    name: &str,
    rows: impl Iterator<Item = u32>,
    each: impl Fn(&mut W, Row) -> Result<()>,
) -> Result<()> {
    write!(out, "\"{name}\":[")?;
    for (position, row) in rows.enumerate() {
        if position > 0 {
            out.write_all(b",")?;
        }
        each(out, Row(row))?;
    }
    Ok(out.write_all(b"]")?)
}

const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";

/// One row, all of it worked out from its number.
#[derive(Clone, Copy)]
struct Row(u32);

impl Row {
    /// A number that looks random and is not; `salt` tells several of a row apart.
    fn noise(self, salt: u32) -> u32 {
        let mut x = self.0.wrapping_mul(0x9e37_79b9) ^ salt.wrapping_mul(0x85eb_ca6b);
        x ^= x >> 16;
        x = x.wrapping_mul(0x7feb_352d);
        x ^= x >> 15;
        x = x.wrapping_mul(0x846c_a68b);
        x ^ x >> 16
    }

    fn action(self) -> &'static [&'static str] {
        match self.noise(1) % 100 {
            0..70 => &["no-op"],
            70..84 => &["create"],
            84..95 => &["update"],
            95..98 => &["delete"],
            _ => &["delete", "create"],
        }
    }

    fn before(self) -> bool {
        self.action() != ["create"]
    }

    fn after(self) -> bool {
        self.action() != ["delete"]
    }

    fn type_name(self) -> &'static str {
        const IAM: [&str; 5] = [
            "aws_iam_role",
            "aws_iam_policy",
            "aws_iam_role_policy",
            "aws_iam_role_policy_attachment",
            "aws_s3_bucket_policy",
        ];
        const OTHER: [&str; 6] = [
            "aws_instance",
            "aws_s3_bucket",
            "aws_cloudwatch_metric_alarm",
            "aws_sqs_queue",
            "aws_route53_record",
            "aws_autoscaling_group",
        ];
        let pick = self.noise(2) as usize;
        if pick % 100 < 17 { IAM[pick / 100 % IAM.len()] } else { OTHER[pick / 100 % OTHER.len()] }
    }

    fn name(self) -> String {
        format!("r{:05}", self.0)
    }

    fn address(self) -> String {
        format!("{}.{}", self.type_name(), self.name())
    }

    /// Roles have a handful of policies each.
    fn role(self) -> String {
        format!("app-{}", self.0 / 60)
    }

    fn document(self, side: u32) -> String {
        let statements: Vec<Value> = (0..1 + self.noise(3) % 4)
            .map(|n| {
                json!({"Sid": format!("Statement{n}"), "Effect": "Allow",
                    "Action": [format!("s3:Get{}", ["Object", "*", "BucketAcl"][(self.noise(4 + n + side) % 3) as usize]),
                        "sqs:SendMessage", "logs:PutLogEvents"],
                    "Resource": format!("arn:aws:s3:::bucket-{}/<team>&{n}/*", self.noise(8 + n) % 1000),
                    "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}})
            })
            .collect();
        json!({"Version": "2012-10-17", "Statement": statements}).to_string()
    }

    /// The attributes on one side (0 before, 1 after).
    fn attributes(self, side: u32) -> Map<String, Value> {
        let side = if self.action() == ["no-op"] { 0 } else { side };
        let id = format!("{}-{:08x}", self.name(), self.noise(20));
        let tags = json!({"Name": self.name(), "Team": format!("team-{}", self.noise(21) % 40), "CostCenter": "4711",
            "Revision": format!("{}", self.noise(22 + side)), "ManagedBy": "terraform"});
        let mut values = json!({"id": id, "arn": format!("arn:aws:service:eu-west-1:111122223333:thing/{id}"),
            "name": self.name(), "description": format!("the thing number {} of \"{}\" <generated> & checked", self.0, self.name()),
            "tags": tags, "tags_all": tags, "region": "eu-west-1", "timeouts": null, "name_prefix": ""});
        let more = match self.type_name() {
            "aws_iam_role" => {
                json!({"assume_role_policy": self.document(side), "path": "/", "max_session_duration": 3600,
                "permissions_boundary": null, "inline_policy": [], "managed_policy_arns": [], "force_detach_policies": false})
            }
            "aws_iam_policy" | "aws_iam_role_policy" => {
                json!({"policy": self.document(side), "path": "/", "role": self.role()})
            }
            "aws_s3_bucket_policy" => json!({"policy": self.document(side), "bucket": format!("bucket-{}", self.0)}),
            "aws_iam_role_policy_attachment" => json!({"role": self.role(),
                "policy_arn": format!("arn:aws:iam::111122223333:policy/p{}", self.noise(30 + side) % 100)}),
            "aws_instance" => {
                json!({"ami": "ami-0123456789abcdef0", "instance_type": "m7g.large", "ebs_optimized": true,
                "root_block_device": [{"encrypted": true, "volume_size": 40, "volume_type": "gp3", "iops": 3000, "tags": {}}],
                "vpc_security_group_ids": ["sg-0123456789abcdef0", "sg-0fedcba9876543210"], "subnet_id": "subnet-0123456789",
                "metadata_options": [{"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1}],
                "user_data_base64": null, "monitoring": true, "private_ip": "10.0.12.34", "source_dest_check": true})
            }
            "aws_autoscaling_group" => {
                json!({"min_size": 1, "max_size": 9, "desired_capacity": 3, "health_check_type": "EC2",
                "tag": (0..6).map(|n| json!({"key": format!("k{n}"), "value": "v", "propagate_at_launch": true})).collect::<Vec<_>>(),
                "mixed_instances_policy": [], "vpc_zone_identifier": ["subnet-1", "subnet-2", "subnet-3"]})
            }
            "aws_cloudwatch_metric_alarm" => {
                json!({"comparison_operator": "GreaterThanThreshold", "threshold": 80.5, "period": 60,
                "dimensions": {"QueueName": format!("queue-{}", self.0)}, "alarm_actions": ["arn:aws:sns:eu-west-1:111122223333:ops"],
                "metric_query": [], "statistic": "Average", "namespace": "AWS/SQS", "evaluation_periods": 3})
            }
            _ => json!({"acl": null, "bucket": format!("bucket-{}", self.0), "force_destroy": false, "ttl": 300,
                "versioning": [{"enabled": true, "mfa_delete": false}], "lifecycle_rule": [], "grant": [],
                "server_side_encryption_configuration": [{"rule": [{"bucket_key_enabled": true,
                    "apply_server_side_encryption_by_default": [{"kms_master_key_id": "", "sse_algorithm": "aws:kms"}]}]}],
                "records": ["10.0.0.1", "10.0.0.2"], "visibility_timeout_seconds": 30}),
        };
        if let (Value::Object(values), Value::Object(more)) = (&mut values, more) {
            values.extend(more);
        }
        match values {
            Value::Object(values) => values,
            _ => Map::new(),
        }
    }

    /// A resource of `planned_values` or `prior_state`.
    fn value(self, out: &mut impl Write, planned: bool) -> Result<()> {
        let values = self.attributes(u32::from(planned));
        write!(
            out,
            r#"{{"address":"{}","mode":"managed","type":"{}","name":"{}","provider_name":"{PROVIDER}","schema_version":0,"values":{},"sensitive_values":{}}}"#,
            self.address(),
            self.type_name(),
            self.name(),
            go(&Value::Object(values.clone())),
            go(&mask(&Value::Object(values)))
        )?;
        Ok(())
    }

    /// A row of `resource_changes`.
    fn change(self, out: &mut impl Write) -> Result<()> {
        let before = if self.before() { Value::Object(self.attributes(0)) } else { Value::Null };
        let mut after = if self.after() { self.attributes(1) } else { Map::new() };
        let mut unknown = json!({});
        if self.before() && self.after() {
            unknown = mask(&Value::Object(after.clone()));
        } else if self.after() {
            after.remove("id");
            after.remove("arn");
            unknown = mask(&Value::Object(after.clone()));
            unknown["id"] = json!(true);
            unknown["arn"] = json!(true);
        }
        let after = if self.after() { Value::Object(after) } else { Value::Null };
        write!(
            out,
            r#"{{"address":"{}","mode":"managed","type":"{}","name":"{}","provider_name":"{PROVIDER}","change":{{"actions":{},"before":{},"after":{},"after_unknown":{},"before_sensitive":{},"after_sensitive":{}}}}}"#,
            self.address(),
            self.type_name(),
            self.name(),
            json!(self.action()),
            go(&before),
            go(&after),
            unknown,
            if before.is_null() { json!(false) } else { mask(&before) },
            if after.is_null() { json!(false) } else { mask(&after) },
        )?;
        Ok(())
    }

    /// A resource of `configuration`.
    fn configuration(self, out: &mut impl Write) -> Result<()> {
        let expressions = json!({"name": {"constant_value": self.name()}, "tags": {"references": ["local.tags"]},
            "policy": {"references": [format!("data.aws_iam_policy_document.d{}.json", self.0), format!("data.aws_iam_policy_document.d{}", self.0)]},
            "description": {}, "region": {"references": ["var.region"]}});
        write!(
            out,
            r#"{{"address":"{}","mode":"managed","type":"{}","name":"{}","provider_config_key":"aws","expressions":{},"schema_version":0}}"#,
            self.address(),
            self.type_name(),
            self.name(),
            go(&expressions)
        )?;
        Ok(())
    }
}

/// The mask of a value in which nothing is marked: empty containers.
fn mask(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(_, value)| value.is_object() || value.is_array())
            .map(|(name, value)| (name.clone(), mask(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(list) => {
            list.iter().map(|value| if value.is_object() { mask(value) } else { Value::Bool(false) }).collect()
        }
        _ => Value::Bool(false),
    }
}

/// JSON as Go's `encoding/json` writes it.
fn go(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_is_json_with_the_promised_proportions() {
        let mut out = Vec::new();
        write_plan(&mut out, 2000).unwrap();
        let plan: Value = serde_json::from_slice(&out).unwrap();
        let rows = plan["resource_changes"].as_array().unwrap();
        let share = |test: &dyn Fn(&Value) -> bool| rows.iter().filter(|row| test(row)).count() * 100 / rows.len();
        assert_eq!(rows.len(), 2000);
        assert!((66..=74).contains(&share(&|row| row["change"]["actions"] == json!(["no-op"]))));
        let iam = |row: &Value| row["type"].as_str().unwrap().contains("iam") || row["type"] == "aws_s3_bucket_policy";
        assert!((14..=20).contains(&share(&iam)));
        assert!((4500..=6000).contains(&(out.len() / 2000)), "{}", out.len());
    }
}
