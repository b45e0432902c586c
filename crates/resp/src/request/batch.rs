//! The commands that one call of the parser found.
//!
//! Everything is flat and keeps its memory between calls, so that a busy worker allocates nothing. The spans
//! of a batch are positions in the query buffer it was parsed from: bytes may be appended to that buffer
//! while the batch is in use, none may be removed.

use bytes::Bytes;

use super::args::{Args, Span};

/// Complete commands in the order of their arrival.
#[derive(Default)]
pub struct Batch {
    pub(crate) spans: Vec<Span>,
    pub(crate) owned: Vec<Bytes>,
    commands: Vec<Command>,
    /// The first span and the first owned argument that belong to no complete command.
    open: (usize, usize),
}

#[derive(Clone, Copy)]
struct Command {
    first: usize,
    end: usize,
    /// Position in the buffer right behind the command.
    buffer_end: usize,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Batch {
        Batch::default()
    }

    /// Number of commands.
    #[inline]
    pub fn len(&self) -> usize {
        self.commands.len()
    }

    /// Whether there is no command.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// Command `index`, whose arguments lie in `buffer`, the one that was parsed.
    ///
    /// # Panics
    /// If there is no such command.
    #[inline]
    pub fn args<'a>(&'a self, index: usize, buffer: &'a [u8]) -> Args<'a> {
        let command = self.commands[index];
        Args::new(buffer, &self.spans[command.first..command.end], &self.owned)
    }

    /// Position in the query buffer right behind command `index`: what a stream of commands has advanced to
    /// when it is executed.
    pub fn buffer_end(&self, index: usize) -> usize {
        self.commands[index].buffer_end
    }

    /// Forgets all commands and keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.spans.clear();
        self.owned.clear();
        self.commands.clear();
        self.open = (0, 0);
    }

    /// Memory held in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.spans.capacity() * size_of::<Span>()
            + self.commands.capacity() * size_of::<Command>()
            + self.owned.iter().map(Bytes::len).sum::<usize>()
    }

    #[inline]
    pub(crate) fn push(&mut self, span: Span) {
        self.spans.push(span);
    }

    pub(crate) fn push_owned(&mut self, arg: Bytes) {
        self.spans.push(Span::owned(self.owned.len(), arg.len()));
        self.owned.push(arg);
    }

    /// Makes one command of everything pushed since the last one.
    #[inline]
    pub(crate) fn finish(&mut self, buffer_end: usize) {
        let end = self.spans.len();
        self.commands.push(Command { first: self.open.0, end, buffer_end });
        self.open = (end, self.owned.len());
    }

    /// Forgets the arguments pushed since the last complete command.
    pub(crate) fn drop_open(&mut self) {
        self.spans.truncate(self.open.0);
        self.owned.truncate(self.open.1);
    }

    /// Moves the arguments of the incomplete command out. Without a complete command in front of them the
    /// vectors change places: a command that arrives in a thousand pieces must not be copied a thousand times.
    pub(crate) fn suspend(&mut self, spans: &mut Vec<Span>, owned: &mut Vec<Bytes>, consumed: usize) {
        if self.commands.is_empty() && consumed == 0 {
            std::mem::swap(&mut self.spans, spans);
            std::mem::swap(&mut self.owned, owned);
        } else {
            let (first, first_owned) = self.open;
            spans.extend(self.spans.drain(first..).map(|span| span.rebased(consumed, first_owned)));
            owned.extend(self.owned.drain(first_owned..));
        }
    }

    /// Takes back what `suspend` moved out. The batch must be empty.
    pub(crate) fn resume(&mut self, spans: &mut Vec<Span>, owned: &mut Vec<Bytes>) {
        /// Up to here copying is cheaper than giving the worker's vector away.
        const COPIED: usize = 256;
        if spans.len() <= COPIED {
            self.spans.append(spans);
        } else {
            std::mem::swap(&mut self.spans, spans);
        }
        self.owned.append(owned);
    }
}
