//! Objects to statements, by the catalogue's attributes alone.
//!
//! Every attribute that the catalogue lists for a type is a dimension. A statement gives each dimension a set of
//! words, and permits their product. Attributes below the same element of a list belong together, so each element is
//! a statement of its own; lists beside each other are multiplied. What is not understood is one word as a whole: of a
//! list of conditions, nobody knows whether one less permits less or more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ways::{UNSET, Way, Ways};
use crate::access::worlds::Val;
use crate::iam::Kind;
use crate::iam::catalogue::Entry;
use crate::plan::{AttrPath, Step};

/// More statements than this are not compared.
const MANY: usize = 2048;

/// An attribute of a type.
#[derive(Clone, Debug)]
pub(super) struct Dim {
    /// The catalogue's path, which is its name; the rest of an element has the element's path with a dot.
    pub(super) path: Arc<str>,
    /// The catalogue's purpose; `rest` for what of an element the catalogue does not list.
    pub(super) purpose: &'static str,
    /// What more of it means.
    pub(super) way: Way,
}

/// What a type's objects are made of.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) type_name: &'static str,
    pub(super) kind: Kind,
    pub(super) removal_elevates: bool,
    pub(super) dims: Vec<Dim>,
    root: Block,
    /// Attributes that are listed and bear on no access.
    told: BTreeSet<String>,
    ways: Ways,
}

/// The attributes at one level of nesting.
#[derive(Clone, Debug, Default)]
struct Block {
    /// Dimension and path below the block; a list at the end of the path is a set of words.
    leaves: Vec<(usize, Vec<Step>)>,
    /// Lists of objects below the block.
    children: BTreeMap<Vec<Step>, Block>,
    /// The dimension of what is not listed; none for the object itself.
    rest: Option<usize>,
}

/// The words of a dimension.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    /// What is known of it; [`UNSET`] where nothing is set.
    pub(super) words: BTreeSet<Arc<str>>,
    /// Whether there is more that is known only after apply.
    pub(super) unknown: bool,
    /// Whether it is written as a list.
    pub(super) list: bool,
    /// Whether the list of objects that it would stand in is empty or not there.
    pub(super) absent: bool,
}

/// One product of words, by dimension.
pub(super) type Statement = Vec<Cell>;

impl Cell {
    fn unset() -> Self {
        Self { words: BTreeSet::from([Arc::from(UNSET)]), ..Self::default() }
    }

    fn unknown() -> Self {
        Self { unknown: true, ..Self::default() }
    }

    /// Whether nothing is set.
    pub(super) fn is_unset(&self) -> bool {
        !self.unknown && self.words.iter().all(|word| **word == *UNSET)
    }
}

/// How holes are read: the word that stands for one, or `None` where it stays unknown.
pub(super) type Holes<'h> = &'h dyn Fn(&Val) -> Option<String>;

impl Shape {
    /// The shape of a type.
    pub(super) fn of(entry: &Entry) -> Self {
        let mut shape = Self {
            type_name: entry.type_name,
            kind: entry.kind,
            removal_elevates: entry.removal_elevates,
            dims: Vec::new(),
            root: Block::default(),
            told: BTreeSet::new(),
            ways: Ways::of(entry.type_name, entry.kind),
        };
        let mut seen = BTreeSet::new();
        for (purpose, path) in entry.attributes() {
            let Some(steps) = steps(path).filter(|_| seen.insert(path)) else { continue };
            let way = shape.ways.listed(path, purpose);
            if way == Way::Beside {
                if let [Step::Key(name)] = steps.as_slice() {
                    shape.told.insert(name.clone());
                }
                continue;
            }
            let at = shape.dims.len();
            shape.dims.push(Dim { path: path.into(), purpose, way });
            shape.root.insert(at, &steps);
        }
        let Self { root, dims, .. } = &mut shape;
        root.join_what_is_opaque("", dims);
        root.name_the_rest("", dims);
        shape
    }

    /// The statements of an object; `None` where there are too many.
    pub(super) fn statements(&self, object: &Val, holes: Holes<'_>) -> Option<Vec<Statement>> {
        let beside = |name: &str| self.ways.is_beside(name);
        let reader = Reader { dims: &self.dims, blank: vec![Cell::unset(); self.dims.len()], holes, beside: &beside };
        self.root.expand(object, &reader)
    }

    /// What the object holds beside the listed attributes: by top-level name, with what is listed taken out.
    pub(super) fn rest<'o>(&self, object: &'o Val) -> BTreeMap<&'o str, Val> {
        let Val::Map(members) = object else { return BTreeMap::new() };
        let beside = |name: &str| self.told.contains(name) || self.ways.is_beside(name);
        let kept = members.iter().filter(|(name, value)| !value.is_unset() && !beside(name));
        kept.map(|(name, value)| (&**name, self.root.without(&[Step::Key(name.to_string())], value)))
            .filter(|(_, value)| !value.is_unset())
            .collect()
    }
}

/// What is the same for all blocks of an object.
struct Reader<'r> {
    dims: &'r [Dim],
    blank: Statement,
    holes: Holes<'r>,
    beside: &'r dyn Fn(&str) -> bool,
}

impl Reader<'_> {
    fn cell(&self, dim: usize, value: &Val) -> Cell {
        match self.dims.get(dim) {
            Some(dim) if dim.way == Way::Opaque => {
                let whole = tidy(value, self.beside);
                match &whole {
                    Val::List(_) | Val::Map(_) if !whole.is_unset() => leaf(&Val::List(vec![whole]), self.holes),
                    _ => leaf(&whole, self.holes),
                }
            }
            _ => leaf(value, self.holes),
        }
    }
}

/// A value without members that are not set, or that bear on no access.
fn tidy(value: &Val, beside: &dyn Fn(&str) -> bool) -> Val {
    match value {
        Val::List(items) => Val::List(items.iter().map(|item| tidy(item, beside)).collect()),
        Val::Map(members) => {
            let kept = members.iter().filter(|(name, _)| !beside(name));
            let kept = kept.map(|(name, member)| (name.clone(), tidy(member, beside)));
            Val::Map(kept.filter(|(_, member)| !member.is_unset()).collect())
        }
        other => other.clone(),
    }
}

/// The steps of a catalogue path; `None` for those that do not speak of a row's attributes.
fn steps(path: &str) -> Option<Vec<Step>> {
    if path.contains([':', '(']) {
        return None;
    }
    AttrPath::parse(&path.replace("{*}", "[*]")).map(|path| path.0)
}

impl Block {
    fn insert(&mut self, dim: usize, steps: &[Step]) {
        match steps.iter().position(|step| *step == Step::Each) {
            Some(each) if each + 1 < steps.len() => {
                let (prefix, below) = steps.split_at(each + 1);
                self.children.entry(prefix.to_vec()).or_default().insert(dim, below);
            }
            _ => self.leaves.push((dim, steps.to_vec())),
        }
    }

    /// Makes one dimension of each list of objects in which nothing is understood.
    fn join_what_is_opaque(&mut self, above: &str, dims: &mut [Dim]) {
        for (prefix, mut child) in std::mem::take(&mut self.children) {
            let path = format!("{above}{}", AttrPath(prefix.clone()));
            let mut below = Vec::new();
            child.all_dims(&mut below);
            let opaque = below.iter().all(|dim| dims.get(*dim).is_none_or(|dim| dim.way == Way::Opaque));
            match below.first().filter(|_| opaque) {
                Some(first) => {
                    if let Some(dim) = dims.get_mut(*first) {
                        dim.path = path.trim_end_matches("[*]").into();
                    }
                    self.leaves.push((*first, prefix));
                }
                None => {
                    child.join_what_is_opaque(&format!("{path}."), dims);
                    self.children.insert(prefix, child);
                }
            }
        }
    }

    fn name_the_rest(&mut self, above: &str, dims: &mut Vec<Dim>) {
        for (prefix, child) in &mut self.children {
            let path = format!("{above}{}", AttrPath(prefix.clone()));
            child.rest = Some(dims.len());
            dims.push(Dim { path: format!("{path}.").into(), purpose: "rest", way: Way::Opaque });
            child.name_the_rest(&format!("{path}."), dims);
        }
    }

    fn all_dims(&self, out: &mut Vec<usize>) {
        out.extend(self.leaves.iter().map(|(dim, _)| *dim).chain(self.rest));
        self.children.values().for_each(|child| child.all_dims(out));
    }

    fn expand(&self, value: &Val, reader: &Reader<'_>) -> Option<Vec<Statement>> {
        let mut base = reader.blank.clone();
        for (dim, steps) in &self.leaves {
            set(&mut base, *dim, reader.cell(*dim, at(value, steps)));
        }
        if let Some(dim) = self.rest {
            let rest = prune(self, value, reader.beside);
            set(&mut base, dim, reader.cell(dim, &rest));
        }
        let mut all = vec![base];
        for (prefix, child) in &self.children {
            let alternatives = child.elements(at(value, prefix), reader)?;
            let mut dims = Vec::new();
            child.all_dims(&mut dims);
            if all.len().checked_mul(alternatives.len())? > MANY {
                return None;
            }
            let product = all.iter().flat_map(|left| {
                alternatives.iter().map(|right| {
                    let mut both = left.clone();
                    for dim in &dims {
                        set(&mut both, *dim, right.get(*dim).cloned().unwrap_or_default());
                    }
                    both
                })
            });
            all = product.collect();
        }
        Some(all)
    }

    /// The statements of the elements of a list, or of what stands in its place.
    fn elements(&self, list: &Val, reader: &Reader<'_>) -> Option<Vec<Statement>> {
        let mut all = Vec::new();
        match list {
            Val::List(items) => {
                for item in items {
                    all.extend(self.expand(item, reader)?);
                }
            }
            // A nested object where the catalogue writes a list; or a map from names to objects.
            Val::Map(members) if self.is_one(list) || !members.values().all(|it| matches!(it, Val::Map(_))) => {
                all = self.expand(list, reader)?;
            }
            Val::Map(members) => {
                for item in members.values() {
                    all.extend(self.expand(item, reader)?);
                }
            }
            Val::Hole(_) | Val::Partial(_) => {
                let mut unknown = reader.blank.clone();
                let mut dims = Vec::new();
                self.all_dims(&mut dims);
                dims.iter().for_each(|dim| set(&mut unknown, *dim, Cell::unknown()));
                return Some(vec![unknown]);
            }
            _ => {}
        }
        if all.is_empty() {
            let mut none = reader.blank.clone();
            let mut dims = Vec::new();
            self.all_dims(&mut dims);
            dims.iter().for_each(|dim| set(&mut none, *dim, Cell { absent: true, ..Cell::unset() }));
            all.push(none);
        }
        (all.len() <= MANY).then_some(all)
    }

    fn is_one(&self, value: &Val) -> bool {
        let first = |steps: &Vec<Step>| match steps.first() {
            Some(Step::Key(name)) => !value.get(name).is_unset(),
            _ => false,
        };
        self.leaves.iter().any(|(_, steps)| first(steps)) || self.children.keys().any(first)
    }

    /// A value without what is listed below a path.
    fn without(&self, path: &[Step], value: &Val) -> Val {
        if self.leaves.iter().any(|(_, steps)| steps == path || (steps.strip_prefix(path) == Some(&[Step::Each]))) {
            return Val::Null;
        }
        // Elements of a list have a dimension of their own for the rest of them.
        if self.children.keys().any(|prefix| prefix.strip_prefix(path) == Some(&[Step::Each])) {
            return Val::Null;
        }
        let leads = |steps: &Vec<Step>| steps.len() > path.len() && steps.starts_with(path);
        match value {
            Val::Map(members)
                if self.leaves.iter().any(|(_, steps)| leads(steps)) || self.children.keys().any(leads) =>
            {
                let kept = members.iter().map(|(name, member)| {
                    let mut below = path.to_vec();
                    below.push(Step::Key(name.to_string()));
                    (name.clone(), self.without(&below, member))
                });
                Val::Map(kept.filter(|(_, member)| !member.is_unset()).collect())
            }
            other => other.clone(),
        }
    }
}

/// What of an element is not listed.
fn prune(block: &Block, element: &Val, beside: &dyn Fn(&str) -> bool) -> Val {
    let Val::Map(members) = element else {
        // An element that is no object at all is kept whole.
        return if matches!(element, Val::Null) { Val::Null } else { element.clone() };
    };
    let kept = members.iter().filter(|(name, value)| !value.is_unset() && !beside(name));
    let kept = kept.map(|(name, value)| (name.clone(), block.without(&[Step::Key(name.to_string())], value)));
    Val::Map(kept.filter(|(_, value)| !value.is_unset()).collect())
}

fn set(statement: &mut Statement, dim: usize, cell: Cell) {
    if let Some(slot) = statement.get_mut(dim) {
        *slot = cell;
    }
}

/// The value at steps; a last `[*]` stands for the list itself.
fn at<'v>(value: &'v Val, steps: &[Step]) -> &'v Val {
    steps.iter().fold(value, |value, step| match step {
        Step::Key(name) => value.get(name),
        Step::Index(at) => value.items().get(*at).unwrap_or(&Val::Null),
        Step::Each => value,
    })
}

fn leaf(value: &Val, holes: Holes<'_>) -> Cell {
    let mut cell = Cell::default();
    match value {
        Val::List(items) => {
            cell.list = true;
            items.iter().for_each(|item| add(&mut cell, None, item, holes));
        }
        Val::Map(members) => {
            cell.list = true;
            members.iter().for_each(|(name, item)| add(&mut cell, Some(name), item, holes));
        }
        other if other.is_unset() => {}
        other => add(&mut cell, None, other, holes),
    }
    if cell.words.is_empty() && !cell.unknown {
        cell = Cell::unset();
    }
    cell
}

fn add(cell: &mut Cell, name: Option<&str>, value: &Val, holes: Holes<'_>) {
    let word = match value {
        Val::Hole(_) => holes(value),
        Val::Text(text) => Some(text.to_string()),
        value if value.has_hole() => None,
        value => Some(written(value)),
    };
    match word {
        None => cell.unknown = true,
        Some(word) => {
            let word = if word.starts_with('\u{1}') { format!("\u{1}{word}") } else { word };
            let word = match name {
                Some(name) => format!("{}={word}", name.replace('=', "%3D")),
                None => word,
            };
            cell.words.insert(word.into());
        }
    }
}

/// A value as one text; lists as they stand.
pub(super) fn written(value: &Val) -> String {
    match value {
        Val::Null => "null".to_owned(),
        Val::Bool(flag) => flag.to_string(),
        Val::Number(number) => number.clone(),
        Val::Text(text) => format!("{text:?}"),
        Val::List(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(",")),
        Val::Map(members) => {
            let inner = members.iter().map(|(name, value)| format!("{name:?}:{}", written(value)));
            format!("{{{}}}", inner.collect::<Vec<_>>().join(","))
        }
        Val::Partial(_) | Val::Hole(_) => "?".to_owned(),
    }
}
