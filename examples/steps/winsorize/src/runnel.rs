//! What a step in Rust needs: it reads and writes tables, and reads params. Copy
//! it into a crate of your own. What it does is described in docs/guest-abi.md;
//! it needs the standard library and nothing else.
#![allow(dead_code)]

use std::collections::HashMap;
use std::convert::TryInto;
use std::fs;
use std::io::{self, Read};

/// The values of a column, one a row; `None` where a row has none.
#[derive(Clone, Debug)]
pub enum Values {
    Float(Vec<Option<f64>>),
    Int(Vec<Option<i64>>),
    Bool(Vec<Option<bool>>),
    Text(Vec<Option<String>>),
    /// Microseconds since 1970.
    Time(Vec<Option<i64>>),
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub values: Values,
}

#[derive(Clone, Debug)]
pub struct Table {
    pub rows: usize,
    pub columns: Vec<Column>,
}

/// Ends the step: its input is at fault, and the message says how.
pub fn fail(message: &str) -> ! {
    println!("{{\"error\": {{\"class\": \"permanent\", \"message\": {}}}}}", quote(message));
    std::process::exit(1)
}

impl Table {
    /// The dataset of the event.
    pub fn read() -> Result<Table, String> {
        let b = fs::read("/in/dataset.columns").map_err(|e| format!("the event's dataset: {e}"))?;
        Table::decode(&b).ok_or_else(|| "the event's dataset is not a table in columns, version 1".to_string())
    }

    /// Hands over the dataset of the event that the step emits.
    pub fn write(&self) -> Result<(), String> {
        fs::write("/out/dataset.columns", self.encode()).map_err(|e| format!("writing the dataset: {e}"))
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// A table from its bytes; `None` where they are broken.
    pub fn decode(b: &[u8]) -> Option<Table> {
        if part(b, 0, 8)? != b"runnel\0\x01" {
            return None;
        }
        let rows = size(b, 16)?;
        let count = u32::from_le_bytes(part(b, 24, 4)?.try_into().ok()?) as usize;
        let mut columns = Vec::new();
        for i in 0..count {
            let entry = part(b, i.checked_mul(64)?.checked_add(32)?, 64)?;
            let name = String::from_utf8(part(b, size(entry, 0)?, size(entry, 8)?)?.to_vec()).ok()?;
            let at = size(entry, 16)?;
            let valid = match size(entry, 24)? {
                0 => None,
                at => Some(part(b, at, rows.div_ceil(64).checked_mul(8)?)?),
            };
            let has = |r: usize| valid.map_or(true, |v| v[r / 8] >> (r % 8) & 1 == 1);
            let words = |at| Some(part(b, at, rows.checked_mul(8)?)?.chunks_exact(8).map(|w| w.try_into().unwrap()));
            let values = match u32::from_le_bytes(entry[48..52].try_into().ok()?) {
                0 => Values::Float(words(at)?.enumerate().map(|(r, w)| has(r).then(|| f64::from_le_bytes(w))).collect()),
                1 => Values::Int(words(at)?.enumerate().map(|(r, w)| has(r).then(|| i64::from_le_bytes(w))).collect()),
                2 => Values::Bool(part(b, at, rows)?.iter().enumerate().map(|(r, v)| has(r).then(|| *v != 0)).collect()),
                3 => {
                    let dictionary = dictionary(b, size(entry, 32)?, size(entry, 40)?)?;
                    let codes = part(b, at, rows.checked_mul(4)?)?.chunks_exact(4);
                    let text = |c: &[u8]| dictionary.get(u32::from_le_bytes(c.try_into().ok()?) as usize).cloned();
                    let mut out = Vec::with_capacity(rows);
                    for (r, c) in codes.enumerate() {
                        out.push(if has(r) { Some(text(c)?) } else { None });
                    }
                    Values::Text(out)
                }
                4 => Values::Time(words(at)?.enumerate().map(|(r, w)| has(r).then(|| i64::from_le_bytes(w))).collect()),
                _ => return None,
            };
            columns.push(Column { name, values });
        }
        Some(Table { rows, columns })
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut head = b"runnel\0\x01".to_vec();
        let (mut directory, mut parts) = (Vec::new(), Vec::new());
        let start = 32 + 64 * self.columns.len();
        for c in &self.columns {
            let mut place = |bytes: &[u8]| {
                let at = start + parts.len();
                parts.extend_from_slice(bytes);
                parts.resize(parts.len().div_ceil(8) * 8, 0);
                at as u64
            };
            let name = place(c.name.as_bytes());
            let (kind, bytes, has, strings) = c.values.encode();
            let values = place(&bytes);
            let missing = has.iter().filter(|h| !**h).count() as u64;
            let mut valid = 0;
            if missing > 0 {
                let mut bits = vec![0u8; has.len().div_ceil(64) * 8];
                has.iter().enumerate().filter(|(_, h)| **h).for_each(|(r, _)| bits[r / 8] |= 1 << (r % 8));
                valid = place(&bits);
            }
            let mut dictionary = 0;
            if kind == 3 {
                let (mut ends, mut text, mut end) = (vec![0u8; 8], Vec::new(), 0u64);
                for s in &strings {
                    end += s.len() as u64;
                    ends.extend_from_slice(&end.to_le_bytes());
                    text.extend_from_slice(s.as_bytes());
                }
                ends.extend_from_slice(&text);
                dictionary = place(&ends);
            }
            for v in [name, c.name.len() as u64, values, valid, dictionary, strings.len() as u64, kind, missing] {
                directory.extend_from_slice(&v.to_le_bytes());
            }
        }
        for v in [(start + parts.len()) as u64, self.rows as u64, self.columns.len() as u64] {
            head.extend_from_slice(&v.to_le_bytes());
        }
        [head, directory, parts].concat()
    }
}

impl Values {
    /// The kind, the values as bytes, which rows have one, and the dictionary.
    fn encode(&self) -> (u64, Vec<u8>, Vec<bool>, Vec<&str>) {
        fn words<T: Copy>(v: &[Option<T>], none: T, bytes: fn(T) -> [u8; 8]) -> (Vec<u8>, Vec<bool>) {
            (v.iter().flat_map(|x| bytes(x.unwrap_or(none))).collect(), v.iter().map(Option::is_some).collect())
        }
        match self {
            Values::Float(v) => {
                let v: Vec<_> = v.iter().map(|x| x.filter(|x| !x.is_nan())).collect();
                let (b, has) = words(&v, f64::NAN, f64::to_le_bytes);
                (0, b, has, vec![])
            }
            Values::Int(v) | Values::Time(v) => {
                let (b, has) = words(v, 0, i64::to_le_bytes);
                (if matches!(self, Values::Int(_)) { 1 } else { 4 }, b, has, vec![])
            }
            Values::Bool(v) => (2, v.iter().map(|x| x.unwrap_or(false) as u8).collect(), v.iter().map(Option::is_some).collect(), vec![]),
            Values::Text(v) => {
                let (mut known, mut strings, mut b) = (HashMap::new(), Vec::new(), Vec::new());
                for s in v {
                    let code = s.as_deref().map_or(0, |s| {
                        *known.entry(s).or_insert_with(|| {
                            strings.push(s);
                            strings.len() as u32 - 1
                        })
                    });
                    b.extend_from_slice(&code.to_le_bytes());
                }
                (3, b, v.iter().map(Option::is_some).collect(), strings)
            }
        }
    }
}

fn part(b: &[u8], at: usize, bytes: usize) -> Option<&[u8]> {
    b.get(at..at.checked_add(bytes)?)
}

fn size(b: &[u8], at: usize) -> Option<usize> {
    u64::from_le_bytes(part(b, at, 8)?.try_into().ok()?).try_into().ok()
}

fn dictionary(b: &[u8], at: usize, strings: usize) -> Option<Vec<String>> {
    let ends = part(b, at, strings.checked_add(1)?.checked_mul(8)?)?;
    let text = at + ends.len();
    let (mut out, mut from) = (Vec::new(), 0);
    for i in 1..=strings {
        let end = size(ends, i * 8)?;
        out.push(String::from_utf8(part(b, text.checked_add(from)?, end.checked_sub(from)?)?.to_vec()).ok()?);
        from = end;
    }
    Some(out)
}

/// The split of the dataset: of each row 0 train, 1 validation, 2 test, 3
/// excluded. Without a split every row is for training.
pub fn split(rows: usize) -> Vec<u8> {
    fs::read("/in/dataset.split").unwrap_or_else(|_| vec![0; rows])
}

/// The invocation, as it stands on standard input.
pub struct Invocation(String);

impl Invocation {
    pub fn read() -> Result<Invocation, String> {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map_err(|e| format!("the invocation: {e}"))?;
        Ok(Invocation(text))
    }

    fn param(&self, name: &str) -> Option<&str> {
        member(member(&self.0, "params")?, name)
    }

    /// A param of type number or integer.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.param(name)?.parse().ok()
    }

    /// A param of type string.
    pub fn text(&self, name: &str) -> Option<String> {
        unquote(self.param(name)?)
    }

    /// A param of type array, of strings.
    pub fn list(&self, name: &str) -> Vec<String> {
        let mut rest = self.param(name).unwrap_or("").trim_start_matches('[').trim_start();
        let mut out = Vec::new();
        while rest.starts_with('"') {
            let (value, after) = rest.split_at(past(rest));
            out.extend(unquote(value));
            rest = after.trim_start().trim_start_matches(',').trim_start();
        }
        out
    }

    /// The column to predict, of the event's dataset.
    pub fn target(&self) -> Option<String> {
        unquote(member(member(member(member(&self.0, "event")?, "data")?, "dataset")?, "target")?)
    }
}

/// Where the JSON value that the text begins with ends.
fn past(text: &str) -> usize {
    let (mut depth, mut inside, mut escaped) = (0, false, false);
    for (i, c) in text.bytes().enumerate() {
        if inside {
            inside = escaped || c != b'"';
            escaped = !escaped && c == b'\\';
            if inside || depth > 0 {
                continue;
            }
            return i + 1;
        }
        match c {
            b'"' => inside = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return i,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return i + 1;
                }
            }
            b',' | b':' if depth == 0 => return i,
            c if depth == 0 && c.is_ascii_whitespace() => return i,
            _ => {}
        }
    }
    text.len()
}

/// The member of that name of a JSON object.
fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = object.trim_start().strip_prefix('{')?.trim_start();
    while rest.starts_with('"') {
        let (key, after) = rest.split_at(past(rest));
        let after = after.trim_start().strip_prefix(':')?.trim_start();
        let (value, after) = after.split_at(past(after));
        if unquote(key).as_deref() == Some(name) {
            return Some(value);
        }
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    None
}

fn unquote(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = text.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut units: Vec<u16> = Vec::new(); // of \u, which come in pairs
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' { chars.next()? } else { '\0' };
        if escaped == 'u' {
            let digits: String = chars.by_ref().take(4).collect();
            units.push(u16::from_str_radix(&digits, 16).ok()?);
            continue;
        }
        out.push_str(&String::from_utf16(&units).ok()?);
        units.clear();
        out.push(match escaped {
            '\0' => c,
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'b' => '\u{8}',
            'f' => '\u{c}',
            other => other,
        });
    }
    out.push_str(&String::from_utf16(&units).ok()?);
    Some(out)
}

fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out + "\""
}
