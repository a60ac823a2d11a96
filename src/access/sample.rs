//! Words of a product by trial, before any search.
//!
//! Where a product has a word, a generic word of the generator nearly always is one: its wildcards filled with
//! nothing, or with characters that no pattern asks for. Two or three simulations answer what the breadth-first
//! search would take thousands of states for. No answer here means nothing.

use super::glob::{Glob, Loop, Token};
use super::product::{Letter, Product, Word};

/// How many characters the generator's wildcards are filled with, in turn.
const FILLS: [usize; 3] = [0, 1, 3];

/// A word of the product, if a generic one is; what of it is taken is only said if it is to be spelled out.
pub(super) fn find(product: &Product<'_>, spell: bool) -> Option<Word> {
    let mut last = None;
    for fill in FILLS {
        let letters = generic(product.generator, fill);
        if last.as_ref() == Some(&letters) {
            continue;
        }
        let wanted = product.others.iter().all(|group| group.iter().any(|glob| matches(glob, &letters, true)));
        if wanted && !product.forbidden.iter().any(|glob| matches(glob, &letters, false)) {
            let taken = if spell { product.taken() } else { Vec::new() };
            return Some(Word { letters, taken });
        }
        last = Some(letters);
    }
    None
}

fn generic(glob: &Glob, fill: usize) -> Vec<Letter> {
    let mut letters = Vec::with_capacity(glob.tokens().len() + 2 * fill);
    let fill = |letters: &mut Vec<Letter>, at: usize| {
        if glob.loop_at(at) != Loop::None {
            letters.extend(std::iter::repeat_n(Letter::Other, fill));
        }
    };
    for (at, token) in glob.tokens().iter().enumerate() {
        fill(&mut letters, at);
        letters.push(match token {
            Token::Char(c) | Token::Fold(c) => Letter::Char(*c),
            Token::One | Token::OneInSegment => Letter::Other,
            Token::Symbol(symbol) => Letter::Symbol(symbol.clone()),
        });
    }
    fill(&mut letters, glob.tokens().len());
    letters
}

/// Whether the pattern matches the word; for a symbol of the word, `widened` patterns take it as any string and
/// others only by the same symbol or a free wildcard, as in the search.
fn matches(glob: &Glob, letters: &[Letter], widened: bool) -> bool {
    let end = glob.tokens().len();
    let mut live: Vec<usize> = vec![0];
    let mut next: Vec<usize> = Vec::new();
    for letter in letters {
        next.clear();
        for at in live.iter().copied() {
            let looped = glob.loop_at(at);
            let (stays, steps) = match letter {
                Letter::Char(c) => (looped.takes(*c), glob.tokens().get(at).is_some_and(|t| t.takes(*c))),
                Letter::Other => {
                    let any = matches!(glob.tokens().get(at), Some(Token::One | Token::OneInSegment));
                    (looped != Loop::None, any)
                }
                Letter::Symbol(_) if widened => {
                    next.extend(at..=end);
                    continue;
                }
                Letter::Symbol(symbol) => {
                    let same = matches!(glob.tokens().get(at), Some(Token::Symbol(other)) if other == symbol);
                    (looped == Loop::Any, same)
                }
            };
            next.extend(stays.then_some(at));
            next.extend(steps.then_some(at + 1));
        }
        next.sort_unstable();
        next.dedup();
        std::mem::swap(&mut live, &mut next);
        if live.is_empty() {
            return false;
        }
    }
    live.contains(&end)
}
