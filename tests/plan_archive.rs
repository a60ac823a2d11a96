//! Binary plan files: what they hold beside the plan, and which of them are refused.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::io::{Cursor, Write};

use tollgate::plan::archive::{self, Archive, ArchiveError};
use tollgate::plan::hcl::{HiddenKind, Locator};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

const PLAN: &[u8] = include_bytes!("../fixtures/plans/modules/plan.tfplan");

fn read(bytes: &[u8]) -> Result<Archive, ArchiveError> {
    archive::read(Cursor::new(bytes))
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(SimpleFileOptions::default(), entries)
}

fn zip_with(options: SimpleFileOptions, entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_real_plan_file_gives_its_configuration() {
    assert!(archive::is_archive(PLAN));
    let archive = read(PLAN).unwrap();
    assert_eq!(archive.sources.undetermined, []);
    let paths: Vec<&str> = archive.sources.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["main.tf", "mod/main.tf", "mod/inner/main.tf"]);
    assert_eq!(archive.modules["m.inner"].source.as_deref(), Some("./inner"));
    assert!(archive.lock.is_some());

    let locator = Locator::new(&archive.sources);
    let place = |address: &str| locator.find(address).map(|place| format!("{}:{}", place.file, place.line));
    assert_eq!(place(r#"terraform_data.a["x.y"]"#).as_deref(), Some("main.tf:5"));
    assert_eq!(place(r#"module.m["k"].module.inner.terraform_data.leaf"#).as_deref(), Some("mod/inner/main.tf:2"));
    assert_eq!(place(r#"module.m["k"]"#).as_deref(), Some("main.tf:16"));
    assert_eq!(place("terraform_data.nowhere"), None);
    assert_eq!(place("not an address"), None);
}

#[test]
fn code_that_the_json_hides_is_found() {
    let json = include_str!("../fixtures/plans/modules/plan.json");
    assert!(!json.contains("echo removed"), "the JSON does hide it");
    let hidden = read(PLAN).unwrap().sources.hidden();
    let found: Vec<_> = hidden.iter().map(|hidden| (hidden.kind, hidden.address.as_str(), hidden.line)).collect();
    assert_eq!(
        found,
        [
            (HiddenKind::DestroyProvisioner, "terraform_data.a", 11),
            (HiddenKind::RemovedProvisioner, "terraform_data.gone", 27),
        ]
    );
    assert_eq!(hidden[1].type_name, "local-exec");
    assert_eq!(hidden[1].text, "when = destroy\ncommand = \"echo removed\"");
}

#[test]
fn unreadable_configuration_is_said() {
    let bytes = zip(&[
        ("tfplan", b"x"),
        ("tfconfig/m-/main.tf", b"removed {\n from = \n"),
        ("tfconfig/m-/latin.tf", b"# \xe9"),
        ("tfconfig/m-a.b/x.tf.json", b"{"),
        ("tfconfig/m-a.b/good.tofu", b"ephemeral \"t\" \"n\" {}"),
        ("tfconfig/modules.json", b"[{\"Key\": 1}]"),
    ]);
    let archive = read(&bytes).unwrap();
    let messages: Vec<&str> = archive.sources.undetermined.iter().map(|entry| entry.message.as_str()).collect();
    assert_eq!(messages.len(), 4, "{messages:#?}");
    assert!(archive.sources.undetermined.iter().all(|entry| entry.code == "unreadable_source"));
    assert_eq!(archive.sources.hidden()[0].address, "module.a.module.b.ephemeral.t.n");
}

#[test]
fn what_is_no_plan_file_is_refused() {
    assert!(matches!(read(b""), Err(ArchiveError::NotAnArchive)));
    assert!(matches!(read(b"{\"format_version\":\"1.2\"}"), Err(ArchiveError::NotAnArchive)));
    assert!(matches!(
        read(br#"{"meta":{},"encrypted_data":"x","encryption_version":"v0"}"#),
        Err(ArchiveError::Encrypted)
    ));
    assert!(matches!(read(&zip(&[("a.txt", b"x")])), Err(ArchiveError::NoPlan)));
    for cut in [10, 100, PLAN.len() / 2, PLAN.len() - 1] {
        let error = read(&PLAN[..cut]).unwrap_err();
        assert!(matches!(error, ArchiveError::Damaged(_)), "{cut}: {error:?}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
}

#[test]
fn bombs_and_double_entries_are_refused() {
    let bomb = zip(&[("tfplan", b"x"), ("tfconfig/m-/main.tf", &vec![b'\n'; 2 << 20])]);
    assert!(bomb.len() < 100_000);
    assert!(matches!(read(&bomb), Err(ArchiveError::TooLarge { .. })));
    let large = zip_with(
        SimpleFileOptions::default().compression_method(CompressionMethod::Stored),
        &[("tfplan", b"x"), ("tfconfig/m-/main.tf", &vec![b'\n'; 17 << 20])],
    );
    assert!(matches!(read(&large), Err(ArchiveError::TooLarge { .. })));
    let many: Vec<String> = (0..20_001).map(|n| format!("e{n}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    assert!(matches!(read(&zip(&many)), Err(ArchiveError::TooLarge { .. })));
    let mut double = zip(&[("tfplan", b"x"), ("tfconfig/m-/a.tf", b""), ("tfconfig/m-/b.tf", b"removed {}")]);
    for at in 0..double.len() - 4 {
        if &double[at..at + 4] == b"b.tf" {
            double[at] = b'a';
        }
    }
    assert!(matches!(read(&double), Err(ArchiveError::DuplicateEntry)));
}

#[test]
fn damaged_bytes_never_panic() {
    for at in (0..PLAN.len()).step_by(3) {
        let mut bytes = PLAN.to_vec();
        bytes[at] ^= 0xff;
        let _ = read(&bytes);
    }
}
