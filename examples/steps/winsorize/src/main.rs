//! A step in Rust: it moves the extremes of numeric columns to quantiles. Those
//! are of the training rows: what others hold must not show in what is learnt.
mod runnel;

use runnel::{fail, split, Invocation, Table, Values};

fn main() {
    if let Err(message) = run() {
        fail(&message);
    }
}

fn run() -> Result<(), String> {
    let call = Invocation::read()?;
    let share = call.number("quantile").unwrap_or(0.01);
    let named = call.list("columns");
    let target = call.target();
    let mut table = Table::read()?;
    let split = split(table.rows);

    for name in &named {
        match table.column(name).map(|c| &c.values) {
            Some(Values::Float(_)) => {}
            Some(_) => return Err(format!("param columns: column {name} is not of decimal numbers")),
            None => return Err(format!("param columns: the table has no column {name:?}")),
        }
    }
    for column in &mut table.columns {
        let Values::Float(values) = &mut column.values else { continue };
        if !named.is_empty() && !named.contains(&column.name) || target.as_ref() == Some(&column.name) {
            continue;
        }
        let mut train: Vec<f64> = values.iter().zip(&split).filter(|(_, s)| **s == 0).filter_map(|(v, _)| *v).collect();
        if train.is_empty() {
            continue;
        }
        train.sort_by(f64::total_cmp);
        let (low, high) = (quantile(&train, share), quantile(&train, 1.0 - share));
        for v in values.iter_mut().flatten() {
            *v = v.max(low).min(high);
        }
    }
    table.write()
}

/// The quantile of sorted values, interpolated between neighbours as NumPy does.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (at - below as f64)
}
