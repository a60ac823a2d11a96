//! Resource addresses: `module.m["k"].data.aws_iam_policy_document.d[0]`.
//!
//! Instance keys are text that an attacker may choose; they may hold dots, brackets and quotes. So an address is
//! never split at a character: it is read by this lexer, which undoes what Terraform's `toHCLQuotedString`
//! (`internal/addrs/instance_key.go`) does.

use std::fmt;

use super::change::Mode;

/// A `count` or `for_each` key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// `[0]`
    Number(u64),
    /// `["k"]`, as the raw text.
    Text(String),
    /// `[*]`: an instance that is not known yet.
    Unknown,
}

/// One module call on the way to a resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleStep {
    /// The name of the call.
    pub name: String,
    /// Its instance key, `None` without `count` and `for_each`.
    pub key: Option<Key>,
}

/// An absolute address of a resource, of one instance of it, or of an action.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// The module calls from the root down.
    pub modules: Vec<ModuleStep>,
    /// Managed, data, ephemeral; `Other("action")` for an action.
    pub mode: Mode,
    /// The resource type.
    pub type_name: String,
    /// The resource's name in its module.
    pub name: String,
    /// The instance key.
    pub key: Option<Key>,
}

impl Address {
    /// Reads an address; `None` when the text is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let tokens = lex(text)?;
        let (address, rest) = Self::prefix(&tokens)?;
        rest.is_empty().then_some(address)
    }

    /// Reads the address that a reference starts with; gives what follows it.
    pub(super) fn prefix(tokens: &[Token]) -> Option<(Self, &[Token])> {
        let (modules, rest) = modules(tokens)?;
        let (mode, rest) = match rest {
            [Token::Name(word), rest @ ..] => match word.as_str() {
                "data" => (Mode::Data, rest),
                "ephemeral" => (Mode::Ephemeral, rest),
                "action" => (Mode::Other("action".into()), rest),
                _ => (Mode::Managed, tokens.get(tokens.len() - rest.len() - 1..)?),
            },
            _ => return None,
        };
        let [Token::Name(type_name), Token::Name(name), rest @ ..] = rest else { return None };
        let (key, rest) = key(rest);
        Some((Self { modules, mode, type_name: type_name.clone(), name: name.clone(), key }, rest))
    }

    /// The address within the configuration: without any key, as `module.m.aws_iam_role.r`.
    pub fn config(&self) -> String {
        let modules = self.modules.iter().map(|step| ModuleStep { name: step.name.clone(), key: None }).collect();
        Self { modules, key: None, ..self.clone() }.to_string()
    }

    /// The key of the resource in its module: `aws_iam_role.r` or `data.aws_iam_policy_document.d`.
    pub fn in_module(&self) -> String {
        Self { modules: Vec::new(), key: None, ..self.clone() }.to_string()
    }

    /// Whether `instance` may be meant by this address: a missing key on this side stands for every key.
    pub fn covers(&self, instance: &Self) -> bool {
        let key = |mine: &Option<Key>, other: &Option<Key>| {
            mine.is_none() || mine == other || matches!(mine, Some(Key::Unknown)) || matches!(other, Some(Key::Unknown))
        };
        self.mode == instance.mode
            && self.type_name == instance.type_name
            && self.name == instance.name
            && self.modules.len() == instance.modules.len()
            && key(&self.key, &instance.key)
            && self
                .modules
                .iter()
                .zip(&instance.modules)
                .all(|(mine, other)| mine.name == other.name && key(&mine.key, &other.key))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "[{number}]"),
            Self::Unknown => f.write_str("[*]"),
            Self::Text(text) => {
                f.write_str("[\"")?;
                let mut chars = text.chars().peekable();
                while let Some(c) = chars.next() {
                    match c {
                        '\n' => f.write_str("\\n")?,
                        '\r' => f.write_str("\\r")?,
                        '\t' => f.write_str("\\t")?,
                        '"' => f.write_str("\\\"")?,
                        '\\' => f.write_str("\\\\")?,
                        '$' | '%' if chars.peek() == Some(&'{') => write!(f, "{c}{c}")?,
                        c if c.is_control() => match u16::try_from(u32::from(c)) {
                            Ok(unit) => write!(f, "\\u{unit:04x}")?,
                            Err(_) => write!(f, "\\U{:08x}", u32::from(c))?,
                        },
                        c => write!(f, "{c}")?,
                    }
                }
                f.write_str("\"]")
            }
        }
    }
}

impl fmt::Display for ModuleStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "module.{}", self.name)?;
        self.key.as_ref().map_or(Ok(()), |key| key.fmt(f))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.modules {
            write!(f, "{step}.")?;
        }
        match &self.mode {
            Mode::Managed => {}
            Mode::Data => f.write_str("data.")?,
            Mode::Ephemeral => f.write_str("ephemeral.")?,
            Mode::Other(word) => write!(f, "{word}.")?,
        }
        write!(f, "{}.{}", self.type_name, self.name)?;
        self.key.as_ref().map_or(Ok(()), |key| key.fmt(f))
    }
}

/// A piece of an address or of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// `name` or `.name`
    Name(String),
    /// `[key]`
    Key(Key),
}

/// The leading `module.NAME[KEY]` steps, and what follows.
pub(super) fn modules(mut tokens: &[Token]) -> Option<(Vec<ModuleStep>, &[Token])> {
    let mut modules = Vec::new();
    while let [Token::Name(word), Token::Name(name), rest @ ..] = tokens {
        if word != "module" {
            break;
        }
        let (key, rest) = key(rest);
        modules.push(ModuleStep { name: name.clone(), key });
        tokens = rest;
    }
    Some((modules, tokens))
}

fn key(tokens: &[Token]) -> (Option<Key>, &[Token]) {
    match tokens {
        [Token::Key(key), rest @ ..] => (Some(key.clone()), rest),
        _ => (None, tokens),
    }
}

/// Splits an address or reference into its pieces; `None` when it has another form.
pub(super) fn lex(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    let mut name_expected = true;
    loop {
        match chars.peek() {
            None => return (!name_expected && !tokens.is_empty()).then_some(tokens),
            Some('[') if !name_expected => {
                chars.next();
                tokens.push(Token::Key(bracket(&mut chars)?));
            }
            Some('.') if !name_expected => {
                chars.next();
                name_expected = true;
            }
            Some(_) if name_expected => {
                let mut name = String::new();
                while let Some(c) = chars.next_if(|c| !matches!(c, '.' | '[' | ']' | '"' | '\\') && !c.is_whitespace())
                {
                    name.push(c);
                }
                if name.is_empty() {
                    return None;
                }
                tokens.push(Token::Name(name));
                name_expected = false;
            }
            Some(_) => return None,
        }
    }
}

/// Reads a key behind its opening bracket.
fn bracket(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Key> {
    let key = match chars.next()? {
        '*' => Key::Unknown,
        '"' => Key::Text(quoted(chars)?),
        digit @ '0'..='9' => {
            let mut number = digit.to_string();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                number.push(digit);
            }
            Key::Number(number.parse().ok()?)
        }
        _ => return None,
    };
    (chars.next()? == ']').then_some(key)
}

/// Reads a quoted string of HCL without templates, behind its opening quote.
fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => match chars.next()? {
                'n' => text.push('\n'),
                'r' => text.push('\r'),
                't' => text.push('\t'),
                '"' => text.push('"'),
                '\\' => text.push('\\'),
                'u' => text.push(code_point(chars, 4)?),
                'U' => text.push(code_point(chars, 8)?),
                _ => return None,
            },
            c @ ('$' | '%') => {
                text.push(c);
                // `$${` stands for `${`; a lone `$$` stands for itself.
                let mut ahead = chars.clone();
                if ahead.next() == Some(c) && ahead.next() == Some('{') {
                    chars.next();
                }
            }
            c => text.push(c),
        }
    }
}

fn code_point(chars: &mut impl Iterator<Item = char>, digits: usize) -> Option<char> {
    let mut code = 0u32;
    for _ in 0..digits {
        code = code << 4 | chars.next()?.to_digit(16)?;
    }
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(address: &str) -> Key {
        Address::parse(address).unwrap().key.unwrap()
    }

    #[test]
    fn keys_of_every_kind() {
        let text = |text: &str| Key::Text(text.into());
        assert_eq!(key(r#"terraform_data.each["a\"b"]"#), text("a\"b"));
        assert_eq!(key(r#"terraform_data.each["back\\slash"]"#), text("back\\slash"));
        assert_eq!(key(r#"terraform_data.each["new\nline"]"#), text("new\nline"));
        assert_eq!(key(r#"terraform_data.each["ü/ñ 🙂"]"#), text("ü/ñ 🙂"));
        assert_eq!(key(r#"terraform_data.each["dollar$${x}"]"#), text("dollar${x}"));
        assert_eq!(key(r#"terraform_data.each["a$$b"]"#), text("a$$b"));
        assert_eq!(key(r#"terraform_data.each["$$${x}"]"#), text("$${x}"));
        assert_eq!(key(r#"terraform_data.each["with.dot"]"#), text("with.dot"));
        assert_eq!(key(r#"terraform_data.each["]"]"#), text("]"));
        assert_eq!(key("terraform_data.count[12]"), Key::Number(12));
        assert_eq!(key("terraform_data.count[*]"), Key::Unknown);
    }

    #[test]
    fn modules_and_modes() {
        let text = r#"module.m["y.z"].module.inner.data.aws_iam_policy_document.deep[0]"#;
        let address = Address::parse(text).unwrap();
        assert_eq!(address.modules.len(), 2);
        assert_eq!(address.mode, Mode::Data);
        assert_eq!(address.to_string(), text);
        assert_eq!(address.config(), "module.m.module.inner.data.aws_iam_policy_document.deep");
        assert_eq!(address.in_module(), "data.aws_iam_policy_document.deep");
    }

    #[test]
    fn other_text_is_no_address() {
        for text in
            ["", ".", "a", "a.", "a.b.", "a.b[", "a.b[\"", "a.b[\"x]", "a.b[x]", "a.b]", "a..b", "a b.c", "a.b.c"]
        {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_missing_key_covers_every_instance() {
        let any = Address::parse("module.m.t.n").unwrap();
        let one = Address::parse(r#"module.m["a"].t.n[0]"#).unwrap();
        let two = Address::parse(r#"module.m["b"].t.n[0]"#).unwrap();
        assert!(any.covers(&one) && one.covers(&one));
        assert!(!one.covers(&any) && !one.covers(&two));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(key in any::<String>(), module in any::<String>()) {
            let address = Address {
                modules: vec![ModuleStep { name: "m".into(), key: Some(Key::Text(module)) }],
                mode: Mode::Managed,
                type_name: "t".into(),
                name: "n".into(),
                key: Some(Key::Text(key)),
            };
            prop_assert_eq!(Address::parse(&address.to_string()), Some(address));
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = Address::parse(&text);
        }
    }
}
