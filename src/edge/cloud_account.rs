//! Which AWS account the credentials of this job belong to: `sts:GetCallerIdentity`, which needs no permission.
//!
//! Request and answer: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsAuthorizer};
use object_store::client::{HttpRequest, HttpRequestBody};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderValue};
use reqwest::{Client, Method, Url};

use super::environment;

const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const PATIENCE: Duration = Duration::from_secs(20);
/// The answer holds an ARN and two names.
const MAX_ANSWER: usize = 64 * 1024;

/// The twelve digits of the account whose credentials `AWS_*` variables give (keys, a web identity, a container's
/// or a machine's role); a profile of a file is not read.
///
/// # Errors
/// When there are no credentials, or STS does not say whose they are.
pub fn aws_account() -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let region = environment::text("AWS_REGION").or_else(|| environment::text("AWS_DEFAULT_REGION"));
    let region = region.unwrap_or_else(|| "us-east-1".to_owned());
    if !region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        bail!("`AWS_REGION` is not a region");
    }
    let url = endpoint(environment::text("AWS_ENDPOINT_URL_STS"), &region)?;
    // Whoever installed a provider before has installed this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = environment::all().into_iter().filter_map(|(name, value)| {
        let name = name.strip_prefix("AWS_").map(|_| name.to_ascii_lowercase())?;
        // What is about buckets has no business here.
        let about_buckets = name.contains("endpoint") || name.contains("skip_signature");
        Some((name.parse::<AmazonS3ConfigKey>().ok()?, value)).filter(|_| !about_buckets)
    });
    let builder = AmazonS3Builder::new().with_bucket_name("unused").with_region(region.as_str());
    let builder = settings.fold(builder, |builder, (key, value)| builder.with_config(key, value));
    let bucket = builder.build().context("AWS credentials cannot be used")?;
    let answer = runtime.block_on(async {
        let credential =
            bucket.credentials().get_credential().await.context("there are no AWS credentials in this job")?;
        let mut request = HttpRequest::new(HttpRequestBody::from(BODY.to_owned()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url.as_str().parse().context("the address of STS cannot be used")?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8"));
        headers.insert(ACCEPT, HeaderValue::from_static("text/xml"));
        let signer = AwsAuthorizer::new(&credential, "sts", &region);
        signer.try_authorize(&mut request, None).context("the request to STS cannot be signed")?;
        let mut headers = request.headers().clone();
        headers.remove(HOST);
        let client = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build()?;
        let answer = client.post(url.clone()).headers(headers).body(BODY).send().await;
        // The error of a request names its address, which holds nothing secret.
        let answer = answer.with_context(|| format!("{url} does not answer"))?;
        let status = answer.status();
        let text = answer.text().await.context("the answer of STS cannot be read")?;
        anyhow::Ok((status, text))
    });
    let (status, text) = answer.context("the AWS account cannot be told")?;
    if !status.is_success() {
        bail!("the AWS account cannot be told: STS answers {status}\n  help: are the credentials of this job valid?");
    }
    account_in(&text).context("the AWS account cannot be told: the answer of STS names none")
}

/// STS of the region; another address only by https, or on this machine for tests.
fn endpoint(given: Option<String>, region: &str) -> Result<Url> {
    let Some(given) = given else {
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        return Ok(format!("https://sts.{region}.{domain}/").parse()?);
    };
    let url: Url = given.parse().context("`AWS_ENDPOINT_URL_STS` is not a URL")?;
    let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && local) {
        bail!("`AWS_ENDPOINT_URL_STS` has to be https");
    }
    Ok(url)
}

/// `<Account>123456789012</Account>`, once.
fn account_in(text: &str) -> Option<String> {
    if text.len() > MAX_ANSWER {
        return None;
    }
    let (_, rest) = text.split_once("<Account>")?;
    let (account, rest) = rest.split_once("</Account>")?;
    let plain = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    (plain && !rest.contains("<Account>")).then(|| account.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_account_and_nothing_else() {
        let answer = |account: &str| {
            format!(
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:x</Arn><Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            )
        };
        assert_eq!(account_in(&answer("123456789012")).as_deref(), Some("123456789012"));
        for wrong in ["", "12345678901", "1234567890123", "12345678901x", "</Account><Account>123456789012"] {
            assert_eq!(account_in(&answer(wrong)), None, "{wrong}");
        }
        assert_eq!(account_in("<html>"), None);
    }

    #[test]
    fn sts_is_asked_by_https_only() {
        assert_eq!(endpoint(None, "eu-west-1").unwrap().as_str(), "https://sts.eu-west-1.amazonaws.com/");
        assert_eq!(endpoint(None, "cn-north-1").unwrap().as_str(), "https://sts.cn-north-1.amazonaws.com.cn/");
        assert!(endpoint(Some("http://127.0.0.1:5000".into()), "x").is_ok());
        for wrong in ["http://sts.example.org", "ftp://127.0.0.1", "sts"] {
            assert!(endpoint(Some(wrong.into()), "x").is_err(), "{wrong}");
        }
    }
}
