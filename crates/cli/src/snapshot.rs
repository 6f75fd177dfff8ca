//! Expected texts in files: compared in tests, rewritten when `UPDATE_SNAPSHOTS=1`.

use std::path::Path;

/// Fails when the text differs from `tests/expected/<name>`.
pub(crate) fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expected").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        expected == text,
        "{} differs; run the tests with UPDATE_SNAPSHOTS=1 and look at the change.\n--- now ---\n{text}",
        path.display()
    );
}
