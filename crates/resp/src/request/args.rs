//! The arguments of one command, as handlers see them.
//!
//! An argument is a [`Span`]: mostly a piece of the query buffer, now and then a whole buffer of its own
//! (large arguments, quoted inline arguments). Both are told apart by the bounds check that a slice needs
//! anyway: the start of an owned argument lies far behind the end of any buffer.
//!
//! [`OwnedArgs`] has the same shape with a buffer of its own, so that queued, blocked and rewritten commands
//! are handed to handlers as the very same [`Args`].

use bytes::Bytes;

/// The first start that no buffer reaches: larger ones are an index of an owned argument plus this.
const OWNED: usize = 1 << 62;

/// Where an argument is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    start: usize,
    len: usize,
}

impl Span {
    #[inline]
    pub(crate) fn in_buffer(start: usize, len: usize) -> Span {
        Span { start, len }
    }

    pub(crate) fn owned(index: usize, len: usize) -> Span {
        Span { start: OWNED + index, len }
    }

    /// The place of the argument after `bytes` were removed from the front of the buffer, and `owned` earlier
    /// arguments from the front of the owned ones.
    pub(crate) fn rebased(self, bytes: usize, owned: usize) -> Span {
        let shift = if self.start >= OWNED { owned } else { bytes };
        Span { start: self.start - shift, len: self.len }
    }
}

/// A view of the arguments of one command, the name included. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    buffer: &'a [u8],
    spans: &'a [Span],
    owned: &'a [Bytes],
}

impl<'a> Args<'a> {
    #[inline]
    pub(crate) fn new(buffer: &'a [u8], spans: &'a [Span], owned: &'a [Bytes]) -> Args<'a> {
        Args { buffer, spans, owned }
    }

    /// Number of arguments, the command's name included.
    #[inline]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is not even a name; no parsed command is like that.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Argument `index`, 0 being the name.
    ///
    /// # Panics
    /// If there is no such argument. The arity check of the dispatcher and `len` protect handlers.
    #[inline]
    pub fn get(&self, index: usize) -> &'a [u8] {
        self.resolve(self.spans[index])
    }

    /// Argument `index`, if there is one.
    #[inline]
    pub fn try_get(&self, index: usize) -> Option<&'a [u8]> {
        self.spans.get(index).map(|span| self.resolve(*span))
    }

    /// All arguments in order, the name included.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + DoubleEndedIterator + use<'a> {
        let args = *self;
        self.spans.iter().map(move |span| args.resolve(*span))
    }

    /// The arguments from `first` on: `args.from(1)` leaves out the name. Empty if there are fewer.
    #[inline]
    pub fn from(&self, first: usize) -> Args<'a> {
        Args { spans: self.spans.get(first..).unwrap_or_default(), ..*self }
    }

    /// Arguments `first..end`.
    ///
    /// # Panics
    /// If the range is not within the arguments.
    #[inline]
    pub fn range(&self, first: usize, end: usize) -> Args<'a> {
        Args { spans: &self.spans[first..end], ..*self }
    }

    /// A large argument as a buffer that can be kept without a copy; `None` for one that lies in the query
    /// buffer and must be copied to be stored. Its allocation has exactly the argument's length, and nobody
    /// else refers to it once the command is done (`Bytes::try_into_mut` then succeeds).
    #[inline]
    pub fn shared(&self, index: usize) -> Option<Bytes> {
        let start = self.spans.get(index)?.start;
        if start < OWNED { None } else { self.owned.get(start - OWNED).cloned() }
    }

    /// Sum of the lengths of the arguments in bytes.
    pub fn total_bytes(&self) -> usize {
        self.spans.iter().map(|span| span.len).sum()
    }

    /// A copy of the arguments that does not depend on the query buffer. Large ones are shared, not copied.
    pub fn to_owned_args(&self) -> OwnedArgs {
        let mut copy = OwnedArgs::with_capacity(self.len());
        for (index, arg) in self.iter().enumerate() {
            match self.shared(index) {
                Some(bytes) => copy.push_shared(bytes),
                None => copy.push(arg),
            }
        }
        copy
    }

    #[inline]
    fn resolve(&self, span: Span) -> &'a [u8] {
        match self.buffer.get(span.start..span.start + span.len) {
            Some(arg) => arg,
            None => self.resolve_owned(span),
        }
    }

    #[cold]
    fn resolve_owned(&self, span: Span) -> &'a [u8] {
        &self.owned[span.start - OWNED]
    }
}

impl std::fmt::Debug for Args<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(|arg| arg.escape_ascii().to_string())).finish()
    }
}

/// The arguments of one command with the bytes they consist of: a queued, blocked or rewritten command.
#[derive(Clone, Default)]
pub struct OwnedArgs {
    buffer: Vec<u8>,
    spans: Vec<Span>,
    owned: Vec<Bytes>,
}

impl OwnedArgs {
    /// No arguments yet.
    pub fn new() -> OwnedArgs {
        OwnedArgs::default()
    }

    /// No arguments yet, but room for `count`.
    pub fn with_capacity(count: usize) -> OwnedArgs {
        OwnedArgs { spans: Vec::with_capacity(count), ..OwnedArgs::default() }
    }

    /// Appends an argument, copying it.
    pub fn push(&mut self, arg: &[u8]) {
        self.spans.push(Span::in_buffer(self.buffer.len(), arg.len()));
        self.buffer.extend_from_slice(arg);
    }

    /// Appends an integer in decimal.
    pub fn push_int(&mut self, number: i64) {
        self.push(itoa::Buffer::new().format(number).as_bytes());
    }

    /// Appends an argument without copying it.
    pub fn push_shared(&mut self, arg: Bytes) {
        self.spans.push(Span::owned(self.owned.len(), arg.len()));
        self.owned.push(arg);
    }

    /// Appends all of `args`.
    pub fn extend(&mut self, args: Args<'_>) {
        for (index, arg) in args.iter().enumerate() {
            match args.shared(index) {
                Some(bytes) => self.push_shared(bytes),
                None => self.push(arg),
            }
        }
    }

    /// Removes all arguments and keeps the memory.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.spans.clear();
        self.owned.clear();
    }

    /// The arguments as handlers take them.
    #[inline]
    pub fn args(&self) -> Args<'_> {
        Args { buffer: &self.buffer, spans: &self.spans, owned: &self.owned }
    }

    /// Memory behind the arguments in bytes, shared buffers included.
    pub fn memory_bytes(&self) -> usize {
        self.buffer.capacity()
            + self.spans.capacity() * size_of::<Span>()
            + self.owned.capacity() * size_of::<Bytes>()
            + self.owned.iter().map(Bytes::len).sum::<usize>()
    }
}

impl<T: AsRef<[u8]>> FromIterator<T> for OwnedArgs {
    fn from_iter<I: IntoIterator<Item = T>>(args: I) -> OwnedArgs {
        let mut owned = OwnedArgs::new();
        args.into_iter().for_each(|arg| owned.push(arg.as_ref()));
        owned
    }
}
