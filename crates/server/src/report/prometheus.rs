//! The report in the text format of Prometheus (exposition format 0.0.4).
//!
//! The text is derived from the fields, by these rules:
//! - A metric is called `ochre_`, the name of the field, its base unit, and `_total` if it is a counter. A row puts the name
//!   of its family in front and its label into braces.
//! - Values are in base units: seconds, bytes, and ratios instead of percentages. The base unit replaces the unit that the
//!   name in INFO ends with.
//! - Texts become labels of one metric `ochre_<section>_info` or `ochre_<family>_info`, whose value is 1.
//! - Derived fields are left out.
//!
//! The format requires all samples of a metric together, so they are collected by metric before they are written.

use super::Report;
use super::field::{Field, Item, Kind, Row, Section, Unit, Value};
use std::collections::HashMap;
use std::fmt::Write;

/// Renders the whole report. No command and no socket serves it yet, so tests are its only callers.
#[cfg_attr(not(test), allow(dead_code))]
pub fn prometheus(report: &Report) -> String {
    let mut metrics = Metrics::default();
    for section in &report.sections {
        metrics.add_section(section);
    }
    let mut text = String::new();
    for Metric { name, kind, samples } in &metrics.list {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# TYPE {name} {kind}");
        for (labels, value) in samples {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    }
    text
}

struct Metric {
    name: String,
    kind: &'static str,
    /// Labels in braces, if there are any, and the value.
    samples: Vec<(String, String)>,
}

/// Metrics in the order of their first samples.
#[derive(Default)]
struct Metrics {
    list: Vec<Metric>,
    places: HashMap<String, usize>,
}

impl Metrics {
    fn add_section(&mut self, section: &Section) {
        let fields = section.items.iter().filter_map(|item| match item {
            Item::Field(field) => Some(field),
            Item::Row(_) => None,
        });
        self.add_info(section.name, &[], fields);
        for item in &section.items {
            match item {
                Item::Field(field) => self.add_number(field, None),
                Item::Row(row) => {
                    self.add_info(row.family.metric, &[(row.family.label, &row.label)], row.fields.iter());
                    row.fields.iter().for_each(|field| self.add_number(field, Some(row)));
                }
            }
        }
    }

    /// Adds the fields that are texts, as labels of one sample.
    fn add_info<'a>(
        &mut self,
        metric: &str,
        labels: &[(&str, &str)],
        fields: impl Iterator<Item = &'a Field>,
    ) {
        let own = labels.len();
        let mut labels: Vec<(&str, String)> =
            labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        for field in fields.filter(|field| field.kind == Kind::Text) {
            // A label may appear only once, so a list becomes one value.
            match labels[own..].iter_mut().find(|(name, _)| *name == field.name) {
                Some((_, list)) => *list = format!("{list},{}", field.value),
                None => labels.push((&field.name, field.value.to_string())),
            }
        }
        if labels.len() > own {
            self.add(format!("ochre_{metric}_info"), "gauge", braces(&labels), "1".to_owned());
        }
    }

    /// Adds a number, which may belong to a row.
    fn add_number(&mut self, field: &Field, row: Option<&Row>) {
        let kind = match field.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Quantile(_) => "summary",
            Kind::Text | Kind::Derived => return,
        };
        let Some(value) = number(&field.value, field.unit) else { return };
        let mut labels: Vec<(&str, String)> =
            row.iter().map(|row| (row.family.label, row.label.clone())).collect();
        if let Kind::Quantile(percent) = field.kind {
            labels.push(("quantile", trimmed(percent / 100.0)));
        }
        self.add(metric_name(field, row), kind, braces(&labels), value);
    }

    fn add(&mut self, name: String, kind: &'static str, labels: String, value: String) {
        let place = *self.places.entry(name).or_insert_with_key(|name| {
            self.list.push(Metric { name: name.clone(), kind, samples: Vec::new() });
            self.list.len() - 1
        });
        self.list[place].samples.push((labels, value));
    }
}

/// The names and the size of a unit: the endings of names in INFO that stand for it, the ending of the name of the metric,
/// and the number of units in one base unit.
fn base(unit: Unit) -> (&'static [&'static str], &'static str, f64) {
    match unit {
        Unit::Count => (&[], "", 1.0),
        Unit::Bytes => (&["_bytes"], "_bytes", 1.0),
        Unit::KilobytesPerSecond => (&["_kbps"], "_bytes_per_second", 1.0 / 1024.0),
        Unit::Seconds => (&["_in_seconds", "_seconds", "_sec"], "_seconds", 1.0),
        Unit::Milliseconds => (&["_milliseconds"], "_seconds", 1e3),
        Unit::Microseconds => (&["_usec"], "_seconds", 1e6),
        Unit::Percent => (&["_perc"], "_ratio", 100.0),
        Unit::Ratio => (&["_ratio"], "_ratio", 1.0),
    }
}

fn metric_name(field: &Field, row: Option<&Row>) -> String {
    let is_counter = field.kind == Kind::Counter;
    let family = row.map(|row| row.family.metric);
    let name = match (family, field.kind) {
        // The label of the sample says which quantile it is.
        (Some(family), Kind::Quantile(_)) => family.to_owned(),
        (Some(family), _) => format!("{family}_{}", field.name),
        (None, _) => field.name.to_string(),
    };
    let (endings, suffix, _) = base(field.unit);
    let stem = endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    let stem = if is_counter { stem.strip_prefix("total_").unwrap_or(stem) } else { stem };
    format!("ochre_{stem}{suffix}{}", if is_counter { "_total" } else { "" })
}

/// A value in its base unit; `None` if it is no number.
fn number(value: &Value, unit: Unit) -> Option<String> {
    let (.., divisor) = base(unit);
    match value {
        Value::Integer(number) if divisor == 1.0 => Some(number.to_string()),
        Value::Integer(number) => Some((*number as f64 / divisor).to_string()),
        Value::Decimal(number, _) | Value::Percent(number) => Some((number / divisor).to_string()),
        Value::Flag(is) | Value::Status(is) => Some(u8::from(*is).to_string()),
        Value::Text(_) | Value::Human(_) => None,
    }
}

/// A number with up to eight decimals and no trailing zeros.
fn trimmed(number: f64) -> String {
    let text = format!("{number:.8}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Labels in braces; an empty text without labels.
fn braces(labels: &[(&str, String)]) -> String {
    let pairs: Vec<String> =
        labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::super::field::{Family, counter, derived, gauge, quantile, status, text};
    use super::*;

    static THING: Family = Family { prefix: "thing_", metric: "thing", label: "name" };

    fn rendered(fill: impl FnOnce(&mut Section)) -> String {
        let mut section = Section::new("section", "Section");
        fill(&mut section);
        prometheus(&Report { sections: vec![section] })
    }

    #[test]
    fn a_counter_is_a_total_and_a_gauge_has_its_unit() {
        let text = rendered(|section| {
            section.push(counter("total_reads_processed", Unit::Count, 3));
            section.push(counter("total_net_input_bytes", Unit::Bytes, 4));
            section.size("used_memory", 2048_u64);
            section.push(status("last_write_status", true));
        });
        assert_eq!(
            text,
            "# TYPE ochre_reads_processed_total counter\nochre_reads_processed_total 3\n\
             # TYPE ochre_net_input_bytes_total counter\nochre_net_input_bytes_total 4\n\
             # TYPE ochre_used_memory_bytes gauge\nochre_used_memory_bytes 2048\n\
             # TYPE ochre_last_write_status gauge\nochre_last_write_status 1\n"
        );
    }

    #[test]
    fn values_are_in_base_units() {
        let fields = [
            gauge("uptime_in_seconds", Unit::Seconds, 7),
            gauge("latest_fork_usec", Unit::Microseconds, 1500),
            counter("expire_cycle_cpu_milliseconds", Unit::Milliseconds, 250),
            gauge("peak_perc", Unit::Percent, Value::Percent(12.5)),
            gauge("input_kbps", Unit::KilobytesPerSecond, Value::Decimal(1.5, 2)),
            gauge("server_time_usec", Unit::Microseconds, 1_764_565_871_123_456_i64),
        ];
        let text = rendered(|section| section.extend(fields));
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            samples,
            [
                "ochre_uptime_seconds 7",
                "ochre_latest_fork_seconds 0.0015",
                "ochre_expire_cycle_cpu_seconds_total 0.25",
                "ochre_peak_ratio 0.125",
                "ochre_input_bytes_per_second 1536",
                "ochre_server_time_seconds 1764565871.123456",
            ]
        );
    }

    #[test]
    fn samples_of_a_metric_stand_together_behind_their_type() {
        let row = |calls: u64| {
            vec![
                counter("calls", Unit::Count, calls),
                counter("usec", Unit::Microseconds, 5),
                derived("usec_per_call", Unit::Microseconds, 2),
            ]
        };
        let text = rendered(|section| {
            section.row(&THING, "a", row(1));
            section.row(&THING, "b", row(2));
        });
        assert_eq!(
            text,
            "# TYPE ochre_thing_calls_total counter\n\
             ochre_thing_calls_total{name=\"a\"} 1\nochre_thing_calls_total{name=\"b\"} 2\n\
             # TYPE ochre_thing_seconds_total counter\n\
             ochre_thing_seconds_total{name=\"a\"} 0.000005\nochre_thing_seconds_total{name=\"b\"} 0.000005\n"
        );
    }

    #[test]
    fn quantiles_are_a_summary() {
        let value = Value::Decimal(2.5, 3);
        let field = quantile("p99.9", 99.9, Unit::Microseconds, value);
        let text = rendered(|section| section.row(&THING, "get", vec![field]));
        assert_eq!(
            text,
            "# TYPE ochre_thing_seconds summary\n\
             ochre_thing_seconds{name=\"get\",quantile=\"0.999\"} 0.0000025\n"
        );
    }

    #[test]
    fn texts_become_labels_and_a_list_becomes_one() {
        let text = rendered(|section| {
            section.extend([text("os", "Linux"), gauge("hz", Unit::Count, 10), text("tcp_port", 6379)]);
            section.row(&THING, "0", vec![text("bind", "::1"), text("bind", "*"), text("name", "tcp")]);
        });
        assert_eq!(
            text,
            "# TYPE ochre_section_info gauge\nochre_section_info{os=\"Linux\",tcp_port=\"6379\"} 1\n\
             # TYPE ochre_hz gauge\nochre_hz 10\n# TYPE ochre_thing_info gauge\n\
             ochre_thing_info{name=\"0\",bind=\"::1,*\",name=\"tcp\"} 1\n"
        );
    }

    #[test]
    fn labels_are_escaped() {
        let text = rendered(|section| {
            section.row(&THING, "a\\b\"c\nd{}", vec![gauge("x", Unit::Count, -1)]);
        });
        assert_eq!(text, "# TYPE ochre_thing_x gauge\nochre_thing_x{name=\"a\\\\b\\\"c\\nd{}\"} -1\n");
    }
}
