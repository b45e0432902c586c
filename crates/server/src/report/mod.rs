//! Reports about the server: typed numbers, gathered once, of which INFO is one rendering.
//!
//! ```text
//!  server state ── gather.rs ──> builders, one file per section ──> Report ──> text.rs        INFO
//!                  (the only user of the state)                      │  └─────> prometheus.rs
//!                                                                    └ sections > items > fields
//! ```
//! - A [`Report`] is plain data. It owns all it holds, so it can be rendered after the locks that its numbers needed are
//!   free again, and by another thread.
//! - A [`Section`] is a list of items in the order of INFO. An item is a [`Field`](field::Field)
//!   (`used_memory:1024`) or a [`Row`](field::Row) of a [`Family`](field::Family) (`cmdstat_get:calls=3,usec=12`),
//!   which has a label and fields of its own.
//! - A field carries its name as INFO shows it, its value, its [`Kind`](field::Kind) and its [`Unit`]. A
//!   rendering derives all that it needs from these: there is no second table of names, types or units.
//! - Fields that only repeat others for people, such as `used_memory_human`, are of the kind
//!   [`Kind::Derived`](field::Kind::Derived). Renderings for machines leave them out.
//! - Nothing is gathered for a section that was not asked for: the table in `sections.rs` has the function that fills a
//!   section, and only those of the chosen sections are called.
//! - A builder takes the parts of the state that it describes (counters, configuration), never the whole server, so tests
//!   can call it with a few numbers.
//!
//! Some fields and rows exist at some compatibility levels only. The builders decide that, because the absence of a
//! number is a fact about the report; decimals, signs and separators belong to the text alone.

mod clients;
mod commands;
mod field;
mod gather;
mod keyspace;
mod memory;
mod process;
mod prometheus;
mod replication;
mod sections;
mod server;
mod stats;
mod text;
mod workers;

#[cfg(test)]
mod tests;

pub use field::{Section, Unit, Value, counter, gauge, status};
pub use gather::Source;

/// The sections that a client asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// The sections in the order of INFO.
    pub sections: Vec<Section>,
}

impl Report {
    /// Gathers the sections that these words name, or the default ones if there are no words.
    pub fn gather(source: &mut Source<'_, '_>, words: &[&[u8]]) -> Report {
        let chosen = sections::SECTIONS.iter().filter(|section| section.is_asked(words));
        Report { sections: chosen.map(|section| section.gather(source)).collect() }
    }

    /// The text of INFO.
    pub fn text(&self) -> String {
        text::render(self)
    }
}
