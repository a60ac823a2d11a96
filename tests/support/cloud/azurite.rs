//! Azure Blob Storage: Azurite, Microsoft's emulator, from npm.

use super::{Action, Cloud, Kind, free_port, spawn};

/// Azurite's published account key.
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
/// An account signature made with that key (HMAC-SHA256 over its parameters), for what happens behind tollgate's back.
const SIGNATURE: &str = "sv=2020-08-04&ss=b&srt=sco&sp=rwdlac&se=2099-01-01T00%3A00%3A00Z&spr=https,http&sig=lP4358Cnz1iq8XYqBFoRARKlOuXCuZxE4Uf0d7qFrYE%3D";

static KIND: Kind = Kind {
    scheme: "az",
    variables: |port| {
        vec![
            ("AZURE_STORAGE_ENDPOINT", format!("http://127.0.0.1:{port}/devstoreaccount1")),
            ("AZURE_ALLOW_HTTP", "true".into()),
            ("AZURE_STORAGE_ACCOUNT_NAME", "devstoreaccount1".into()),
            ("AZURE_STORAGE_ACCOUNT_KEY", KEY.into()),
        ]
    },
    request: |action| {
        let root = "/devstoreaccount1/bucket";
        let (method, path) = match action {
            Action::Make => ("PUT", format!("{root}?restype=container&{SIGNATURE}")),
            Action::Put(key) => ("PUT", format!("{root}/{key}?{SIGNATURE}")),
            Action::Get(key) => ("GET", format!("{root}/{key}?{SIGNATURE}")),
            Action::Delete(key) => ("DELETE", format!("{root}/{key}?{SIGNATURE}")),
            Action::List(prefix) => ("GET", format!("{root}?restype=container&comp=list&prefix={prefix}&{SIGNATURE}")),
        };
        (method, path, "x-ms-version: 2020-08-04\r\nx-ms-blob-type: BlockBlob\r\n")
    },
    make: b"",
    name: "Name",
};

pub(super) fn start() -> Option<Cloud> {
    let port = free_port();
    let directory = tempfile::tempdir().unwrap();
    let (port_text, place) = (port.to_string(), directory.path().display().to_string());
    let args = [
        "--blobHost",
        "127.0.0.1",
        "--blobPort",
        &port_text,
        "--location",
        &place,
        "--silent",
        "--skipApiVersionCheck",
    ];
    let server = spawn("TOLLGATE_AZURITE", "azurite-blob", "npm install azurite", &args)?;
    Some(Cloud { server, port, kind: &KIND, _directory: Some(directory) }.ready(port))
}
