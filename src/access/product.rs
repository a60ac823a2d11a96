//! Emptiness of `g ∩ ⋂(∪ others) ∖ ∪ forbidden` over strings, with a shortest member.
//!
//! A breadth-first search over the product of the patterns' position automata. The *generator* `g` is followed
//! one position at a time; for all other patterns the set of live positions is carried in one bit vector, so the
//! search is deterministic in them. The alphabet of a step is small: the characters that a live position tests
//! for, and one that stands for all others. A state is dropped when an *others* group is dead, when a forbidden
//! pattern can no longer be escaped, or when a visited state at the same generator position dominates it (its
//! groups can do at least as much, its forbidden patterns at most as much): the antichain rule.
//!
//! **Symbols.** The generator spells a symbol as a letter of its own. Every concrete string of the generator is
//! the image of such a word. A forbidden pattern consumes that letter only by the same symbol or by a free
//! wildcard, so what is forbidden here is forbidden for every value of the symbol; in the other groups symbols
//! are widened to any string and the letter may stand for any string. The result is therefore exact without
//! symbols, and with them errs only towards non-emptiness, which replay then checks.

use std::collections::VecDeque;

use super::budget::Budget;
use super::glob::{Glob, Loop, Symbol, Token};
use super::hash::IdMap;

/// One letter of a found word.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Letter {
    /// Any character that no pattern asks for.
    Other,
    /// A character that some pattern asks for.
    Char(char),
    /// Whatever the symbol stands for.
    Symbol(Symbol),
}

/// A word with the characters that `Other` must not become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// The letters.
    pub(super) letters: Vec<Letter>,
    /// Characters that some pattern of the search asks for.
    pub(super) taken: Vec<char>,
}

/// The question. `others` are groups, one pattern of each must match; `forbidden` must not match.
pub(super) struct Product<'a> {
    /// The pattern whose words are searched.
    pub(super) generator: &'a Glob,
    /// Groups of patterns, widened (without symbols).
    pub(super) others: &'a [Vec<&'a Glob>],
    /// Patterns that must not match.
    pub(super) forbidden: &'a [&'a Glob],
}

impl Product<'_> {
    /// The characters that some pattern asks for.
    pub(super) fn taken(&self) -> Vec<char> {
        let mut taken: Vec<char> = Vec::new();
        let all = self.others.iter().flatten().chain(self.forbidden).copied().chain([self.generator]);
        for token in all.flat_map(Glob::tokens) {
            match token {
                Token::Char(c) => taken.push(*c),
                Token::Fold(c) => taken.extend([*c, c.to_ascii_uppercase()]),
                _ => {}
            }
        }
        taken.sort_unstable();
        taken.dedup();
        taken
    }
}

/// The bits of one pattern in the state vector: from `start`, one per position.
struct Block<'a> {
    glob: &'a Glob,
    start: usize,
}

/// The masks of one letter: positions that stay, and positions that advance by one.
struct Masks {
    stay: Vec<u64>,
    step: Vec<u64>,
}

/// Everything that does not change during a search.
struct Machine<'a> {
    generator: &'a Glob,
    /// All patterns but the generator: the groups' first, then the forbidden ones.
    blocks: Vec<Block<'a>>,
    /// Bit masks of the groups.
    groups: Vec<Vec<u64>>,
    /// Final positions of the groups, and of the forbidden patterns.
    group_final: Vec<u64>,
    forbidden_final: Vec<u64>,
    /// Final positions of forbidden patterns that can never be left again.
    trap: Vec<u64>,
    /// All bits of the groups.
    group_bits: Vec<u64>,
    /// How many blocks belong to groups.
    group_blocks: usize,
    words: usize,
    masks: IdMap<Letter, Masks>,
    taken: Vec<char>,
    segments: bool,
}

fn set(bits: &mut [u64], at: usize) {
    if let Some(word) = bits.get_mut(at / 64) {
        *word |= 1 << (at % 64);
    }
}

fn get(bits: &[u64], at: usize) -> bool {
    bits.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
}

fn meets(a: &[u64], b: &[u64]) -> bool {
    a.iter().zip(b).any(|(x, y)| x & y != 0)
}

impl<'a> Machine<'a> {
    fn new(product: &Product<'a>) -> Self {
        let mut blocks = Vec::new();
        let mut start = 0;
        let mut push = |glob: &'a Glob| {
            blocks.push(Block { glob, start });
            start += glob.tokens().len() + 1;
        };
        product.others.iter().flatten().for_each(|g| push(g));
        product.forbidden.iter().for_each(|g| push(g));
        let words = start.div_ceil(64);
        let group_blocks = product.others.iter().map(Vec::len).sum();
        let zero = || vec![0u64; words];
        let (mut group_final, mut forbidden_final, mut trap) = (zero(), zero(), zero());
        for (i, block) in blocks.iter().enumerate() {
            let last = block.glob.tokens().len();
            if i < group_blocks {
                set(&mut group_final, block.start + last);
            } else {
                set(&mut forbidden_final, block.start + last);
                if block.glob.loop_at(last) == Loop::Any {
                    set(&mut trap, block.start + last);
                }
            }
        }
        let mut groups = Vec::new();
        let mut group_bits = zero();
        let mut rest = blocks.iter();
        for group in product.others {
            let mut bits = zero();
            for block in rest.by_ref().take(group.len()) {
                for at in block.start..=block.start + block.glob.tokens().len() {
                    set(&mut bits, at);
                    set(&mut group_bits, at);
                }
            }
            groups.push(bits);
        }
        let mut taken = product.taken();
        let looped = |glob: &Glob| (0..=glob.tokens().len()).any(|i| glob.loop_at(i) == Loop::InSegment);
        let segments = blocks
            .iter()
            .map(|b| b.glob)
            .chain([product.generator])
            .any(|glob| looped(glob) || glob.tokens().contains(&Token::OneInSegment));
        if segments {
            taken.push(':');
        }
        Self {
            generator: product.generator,
            blocks,
            groups,
            group_final,
            forbidden_final,
            trap,
            group_bits,
            group_blocks,
            words,
            masks: IdMap::default(),
            taken,
            segments,
        }
    }

    fn first(&self) -> Vec<u64> {
        let mut bits = vec![0; self.words];
        self.blocks.iter().for_each(|block| set(&mut bits, block.start));
        bits
    }

    /// The masks of a letter that is not a symbol, or of a symbol for the forbidden patterns.
    fn masks(&mut self, letter: &Letter) -> &Masks {
        if !self.masks.contains_key(letter) {
            let mut masks = Masks { stay: vec![0; self.words], step: vec![0; self.words] };
            for block in &self.blocks {
                for at in 0..=block.glob.tokens().len() {
                    let looped = block.glob.loop_at(at);
                    let stays = match letter {
                        Letter::Char(c) => looped.takes(*c),
                        Letter::Other => looped != Loop::None,
                        Letter::Symbol(_) => looped == Loop::Any,
                    };
                    if stays {
                        set(&mut masks.stay, block.start + at);
                    }
                    let steps = block.glob.tokens().get(at).is_some_and(|token| match (letter, token) {
                        (Letter::Symbol(a), Token::Symbol(b)) => a == b,
                        (Letter::Symbol(_), _) => false,
                        (Letter::Char(c), token) => token.takes(*c),
                        (Letter::Other, token) => matches!(token, Token::One | Token::OneInSegment),
                    });
                    if steps {
                        set(&mut masks.step, block.start + at);
                    }
                }
            }
            self.masks.insert(letter.clone(), masks);
        }
        self.masks.entry(letter.clone()).or_insert_with(|| Masks { stay: Vec::new(), step: Vec::new() })
    }

    /// The state after a letter, or `None` where it is dead.
    fn advance(&mut self, bits: &[u64], letter: &Letter) -> Option<Vec<u64>> {
        let masks = self.masks(letter);
        let mut next = Vec::with_capacity(bits.len());
        let mut carry = 0;
        for ((word, stay), step) in bits.iter().zip(&masks.stay).zip(&masks.step) {
            let moved = word & step;
            next.push(word & stay | moved << 1 | carry);
            carry = moved >> 63;
        }
        if let Letter::Symbol(_) = letter {
            self.widen(bits, &mut next);
        }
        let dead = meets(&next, &self.trap) || self.groups.iter().any(|group| !meets(&next, group));
        (!dead).then_some(next)
    }

    /// In the groups a symbol may be any string: every position from the first live one on becomes live.
    fn widen(&self, bits: &[u64], next: &mut [u64]) {
        for block in self.blocks.iter().take(self.group_blocks) {
            let mut live = false;
            for at in block.start..=block.start + block.glob.tokens().len() {
                live |= get(bits, at);
                if live {
                    set(next, at);
                }
            }
        }
    }

    fn accepts(&self, bits: &[u64]) -> bool {
        !meets(bits, &self.forbidden_final)
            && self.groups.iter().all(|group| {
                group.iter().zip(&self.group_final).zip(bits).any(|((group, last), word)| group & last & word != 0)
            })
    }

    /// The characters that some live position tests for.
    fn tested(&self, bits: &[u64], letters: &mut Vec<Letter>) {
        letters.clear();
        letters.push(Letter::Other);
        for block in &self.blocks {
            for (i, token) in block.glob.tokens().iter().enumerate() {
                if !get(bits, block.start + i) {
                    continue;
                }
                match token {
                    Token::Char(c) => letters.push(Letter::Char(*c)),
                    Token::Fold(c) => {
                        letters.push(Letter::Char(*c));
                        letters.push(Letter::Char(c.to_ascii_uppercase()));
                    }
                    _ => {}
                }
            }
        }
        if self.segments {
            letters.push(Letter::Char(':'));
        }
        letters.sort_unstable();
        letters.dedup();
    }

    /// Whether a state `a` can do everything that a state `b` can.
    fn dominates(&self, a: &[u64], b: &[u64]) -> bool {
        a.iter().zip(b).zip(&self.group_bits).all(|((a, b), group)| {
            let (ga, gb) = (a & group, b & group);
            let (fa, fb) = (a & !group, b & !group);
            ga & gb == gb && fa & fb == fa
        })
    }
}

/// A node of the search tree.
struct Node {
    at: usize,
    bits: Vec<u64>,
    from: Option<(usize, Letter)>,
}

/// A shortest word of the product, or `None` where there is none.
///
/// # Errors
/// [`super::budget::Exhausted`] when the budget runs out before the search ends.
pub(super) fn shortest(product: &Product<'_>, budget: &mut Budget) -> Result<Option<Word>, super::budget::Exhausted> {
    let mut machine = Machine::new(product);
    let first = machine.first();
    if meets(&first, &machine.trap) || machine.groups.iter().any(|group| !meets(&first, group)) {
        return Ok(None);
    }
    let end = machine.generator.tokens().len();
    let mut nodes = vec![Node { at: 0, bits: first, from: None }];
    let mut visited: Vec<Vec<usize>> = vec![Vec::new(); end + 1];
    let mut queue = VecDeque::from([0usize]);
    let mut letters = Vec::new();
    while let Some(index) = queue.pop_front() {
        budget.spend(1)?;
        let Some(node) = nodes.get(index) else { continue };
        if node.at == end && machine.accepts(&node.bits) {
            return Ok(Some(Word { letters: spell(&nodes, index), taken: machine.taken.clone() }));
        }
        let (at, bits) = (node.at, node.bits.clone());
        machine.tested(&bits, &mut letters);
        let mut moves: Vec<(usize, Letter)> = Vec::new();
        match machine.generator.tokens().get(at) {
            Some(Token::Char(c)) => moves.push((at + 1, Letter::Char(*c))),
            Some(Token::Fold(c)) => {
                // The cases differ where any pattern tests for one of them.
                let (lower, upper) = (Letter::Char(*c), Letter::Char(c.to_ascii_uppercase()));
                let tested = upper != lower && (letters.contains(&upper) || letters.contains(&lower));
                moves.push((at + 1, lower));
                moves.extend(tested.then_some((at + 1, upper)));
            }
            Some(Token::One) => moves.extend(letters.iter().map(|l| (at + 1, l.clone()))),
            Some(Token::OneInSegment) => {
                moves.extend(letters.iter().filter(|l| **l != Letter::Char(':')).map(|l| (at + 1, l.clone())));
            }
            Some(Token::Symbol(symbol)) => moves.push((at + 1, Letter::Symbol(symbol.clone()))),
            None => {}
        }
        match machine.generator.loop_at(at) {
            Loop::None => {}
            Loop::InSegment => {
                moves.extend(letters.iter().filter(|l| **l != Letter::Char(':')).map(|l| (at, l.clone())));
            }
            Loop::Any => moves.extend(letters.iter().map(|l| (at, l.clone()))),
        }
        for (to, letter) in moves {
            let Some(bits) = machine.advance(&bits, &letter) else { continue };
            let seen = visited.get(to).map(Vec::as_slice).unwrap_or_default();
            budget.spend(1 + (seen.len() * (1 + machine.words)) as u64 / 32)?;
            let known = |i: &usize| nodes.get(*i).is_some_and(|old| machine.dominates(&old.bits, &bits));
            if seen.iter().any(known) {
                continue;
            }
            let fresh = nodes.len();
            nodes.push(Node { at: to, bits, from: Some((index, letter)) });
            if let Some(seen) = visited.get_mut(to) {
                seen.push(fresh);
            }
            queue.push_back(fresh);
        }
    }
    Ok(None)
}

/// The word that leads to a node.
fn spell(nodes: &[Node], mut index: usize) -> Vec<Letter> {
    let mut letters = Vec::new();
    while let Some(Node { from: Some((parent, letter)), .. }) = nodes.get(index) {
        letters.push(letter.clone());
        index = *parent;
    }
    letters.reverse();
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_ignores_case_has_words_beside_each_case() {
        let mut folded = Glob::empty();
        folded.push_char('x', true);
        for (text, other) in [("x", 'X'), ("X", 'x')] {
            let exact = Glob::literal(text);
            let product = Product { generator: &folded, others: &[], forbidden: &[&exact] };
            let word = shortest(&product, &mut Budget::default()).unwrap().unwrap();
            assert_eq!(word.letters, [Letter::Char(other)]);
        }
        let (lower, upper) = (Glob::literal("x"), Glob::literal("X"));
        let product = Product { generator: &folded, others: &[], forbidden: &[&lower, &upper] };
        assert!(shortest(&product, &mut Budget::default()).unwrap().is_none());
    }
}
