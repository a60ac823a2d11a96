//! The keys of one object, each of which may stand there once.

use std::collections::HashSet;

/// More keys than this are looked up by their hash.
const FEW: usize = 32;

/// Keys that were read, in one buffer: most objects have a handful.
#[derive(Debug, Default)]
pub(super) struct Names {
    text: Vec<u8>,
    ends: Vec<usize>,
    /// Whether each key so far was greater than the one before it, as the keys of a map that Go wrote are.
    unordered: bool,
    many: HashSet<Box<[u8]>>,
}

impl Names {
    /// Adds a key; `false` where it is there already.
    pub(super) fn insert(&mut self, key: &[u8]) -> bool {
        let last = self.ends.len().checked_sub(1).map(|last| self.at(last));
        let fresh = if !self.unordered && last.is_none_or(|last| last < key) { true } else { self.is_new(key) };
        self.text.extend_from_slice(key);
        self.ends.push(self.text.len());
        fresh
    }

    fn at(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(index).and_then(|end| self.text.get(start..*end)).unwrap_or_default()
    }

    fn is_new(&mut self, key: &[u8]) -> bool {
        self.unordered = true;
        if self.ends.len() <= FEW {
            return (0..self.ends.len()).all(|index| self.at(index) != key);
        }
        for index in self.many.len()..self.ends.len() {
            let known = self.at(index).into();
            self.many.insert(known);
        }
        !self.many.contains(key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_key_is_new_once(keys in proptest::collection::vec("[a-d]{0,3}", 0..80), sorted in any::<bool>()) {
            let mut keys = keys;
            if sorted {
                keys.sort();
            }
            let (mut names, mut set) = (Names::default(), HashSet::new());
            for key in &keys {
                // The first one that repeats ends the reading.
                if !set.insert(key) {
                    prop_assert!(!names.insert(key.as_bytes()));
                    return Ok(());
                }
                prop_assert!(names.insert(key.as_bytes()));
            }
        }
    }
}
