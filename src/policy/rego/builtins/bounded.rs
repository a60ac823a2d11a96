//! Builtins whose result can be far larger than their operands, with a limit on it. regorus cannot stop a single
//! builtin, so the limit is checked before anything is allocated.

use regorus::Value;

use super::{Context, Failure, MAX_ELEMENTS, MAX_STRING, elements, integer, strings, text, type_name};

pub(super) fn range(operands: &[Value], _: Context) -> Result<Value, Failure> {
    series(integer(operands, 0)?, integer(operands, 1)?, 1)
}

pub(super) fn range_step(operands: &[Value], _: Context) -> Result<Value, Failure> {
    let step = integer(operands, 2)?;
    if step <= 0 {
        return Err(Failure::Operand("operand 3 must be positive".to_owned()));
    }
    series(integer(operands, 0)?, integer(operands, 1)?, step)
}

fn series(from: i64, to: i64, step: i64) -> Result<Value, Failure> {
    let count = from.abs_diff(to) / step.unsigned_abs();
    if count >= MAX_ELEMENTS as u64 {
        return Err(Failure::Limit(format!("a range may have at most {MAX_ELEMENTS} elements")));
    }
    let sign = if from <= to { step } else { -step };
    let count = i64::try_from(count).unwrap_or(0);
    Ok(Value::from((0..=count).map(|index| Value::from(from + index * sign)).collect::<Vec<_>>()))
}

pub(super) fn shift_left(operands: &[Value], _: Context) -> Result<Value, Failure> {
    let places = integer(operands, 1)?;
    let value = operands.first().and_then(|value| value.as_i128().ok());
    let value = value.ok_or_else(|| Failure::Operand("operand 1 must be a whole number".to_owned()))?;
    if places < 0 {
        return Err(Failure::Operand("operand 2 must not be negative".to_owned()));
    }
    let shifted = u32::try_from(places).ok().filter(|places| *places < 127).and_then(|places| {
        let shifted = value.checked_mul(1_i128.checked_shl(places)?)?;
        Some(Value::from(shifted))
    });
    shifted.ok_or_else(|| Failure::Limit("bits.lsh is limited to 127 bits".to_owned()))
}

pub(super) fn concat(operands: &[Value], _: Context) -> Result<Value, Failure> {
    let delimiter = text(operands, 0)?;
    let parts = strings(operands, 1)?;
    let length: usize = parts.iter().map(|part| part.len() + delimiter.len()).sum();
    limit_string(length)?;
    Ok(Value::from(parts.join(delimiter)))
}

pub(super) fn replace(operands: &[Value], _: Context) -> Result<Value, Failure> {
    let (whole, old, new) = (text(operands, 0)?, text(operands, 1)?, text(operands, 2)?);
    let matches = if old.is_empty() { whole.chars().count() + 1 } else { whole.matches(old).count() };
    limit_string(whole.len().saturating_add(matches.saturating_mul(new.len())))?;
    Ok(Value::from(whole.replace(old, new)))
}

pub(super) fn flatten(operands: &[Value], _: Context) -> Result<Value, Failure> {
    let Some(array @ Value::Array(_)) = operands.first() else {
        return Err(Failure::Operand(format!("operand 1 must be an array but is {}", type_name(operands.first()))));
    };
    // One level, as under OPA.
    let mut flat = Vec::new();
    for item in elements(array).unwrap_or_default() {
        match item {
            Value::Array(inner) => flat.extend(inner.iter().cloned()),
            other => flat.push(other.clone()),
        }
    }
    Ok(Value::from(flat))
}

pub(super) fn limit_string(length: usize) -> Result<(), Failure> {
    if length > MAX_STRING {
        return Err(Failure::Limit(format!("a string may have at most {MAX_STRING} bytes")));
    }
    Ok(())
}
