//! The table of the sections of INFO, in their order: the words that ask for them, and the functions that fill them.

use super::field::Section;
use super::gather::{self, Source};

/// The declaration of a section.
pub struct Declaration {
    /// The words that ask for it; the first one is its name.
    names: &'static [&'static str],
    /// The heading.
    title: &'static str,
    /// Whether it is shown if no section is asked for.
    in_default: bool,
    /// Whether it is shown for `all` and `everything`.
    in_all: bool,
    /// The function that fills it.
    fill: fn(&mut Source<'_, '_>, &mut Section),
}

/// All sections, in the order they are shown.
pub const SECTIONS: &[Declaration] = &[
    section(&["server"], "Server", gather::server),
    section(&["clients"], "Clients", gather::clients),
    section(&["memory"], "Memory", gather::memory),
    section(&["persistence"], "Persistence", gather::persistence),
    section(&["stats"], "Stats", gather::stats),
    section(&["replication"], "Replication", gather::replication),
    section(&["cpu"], "CPU", gather::cpu),
    section(&["module_list", "modules"], "Modules", |_, _| {}),
    extra(&["commandstats"], "Commandstats", true, gather::commands),
    section(&["errorstats"], "Errorstats", gather::errors),
    extra(&["latencystats"], "Latencystats", true, gather::latency),
    section(&["cluster"], "Cluster", gather::cluster),
    section(&["keyspace"], "Keyspace", gather::keyspace),
    extra(&["debug"], "Debug", false, gather::debug),
    extra(&["workers"], "Workers", false, gather::workers),
];

impl Declaration {
    /// Whether these words ask for the section.
    pub fn is_asked(&self, words: &[&[u8]]) -> bool {
        words.is_empty() && self.in_default
            || words.iter().any(|word| match word.to_ascii_lowercase().as_slice() {
                b"default" => self.in_default,
                b"all" | b"everything" => self.in_all,
                name => self.names.iter().any(|own| own.as_bytes() == name),
            })
    }

    /// Gathers the section with its current numbers.
    pub fn gather(&self, source: &mut Source<'_, '_>) -> Section {
        let mut section = Section::new(self.names[0], self.title);
        (self.fill)(source, &mut section);
        section
    }
}

type Fill = fn(&mut Source<'_, '_>, &mut Section);

const fn section(names: &'static [&'static str], title: &'static str, fill: Fill) -> Declaration {
    Declaration { names, title, in_default: true, in_all: true, fill }
}

/// A section that is not shown by default.
const fn extra(names: &'static [&'static str], title: &'static str, in_all: bool, fill: Fill) -> Declaration {
    Declaration { names, title, in_default: false, in_all, fill }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(words: &[&str]) -> Vec<&'static str> {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        SECTIONS.iter().filter(|section| section.is_asked(&words)).map(|section| section.names[0]).collect()
    }

    #[test]
    fn sections_come_in_their_own_order_and_once() {
        assert_eq!(chosen(&["KEYSPACE", "server", "server"]), ["server", "keyspace"]);
        assert_eq!(chosen(&["modules"]), ["module_list"]);
        assert!(chosen(&["none-of-them"]).is_empty());
    }

    #[test]
    fn statistics_of_commands_are_no_default_and_our_own_sections_are_not_in_all() {
        let default = chosen(&[]);
        assert_eq!(chosen(&["default"]), default);
        assert!(default.contains(&"errorstats") && !default.contains(&"commandstats"));
        let all = chosen(&["everything"]);
        assert_eq!(chosen(&["all"]), all);
        assert!(all.contains(&"latencystats") && !all.contains(&"workers"));
        assert!(chosen(&["default", "workers"]).ends_with(&["keyspace", "workers"]));
    }
}
