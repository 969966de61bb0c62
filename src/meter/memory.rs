//! Memory for many flows: zeros that cost nothing until they are used, in huge pages, fetched before they are needed.
//!
//! The one module of the meter with `unsafe` in it: for memory seen as values, and for the prefetch instruction.

#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::slice;

use memmap2::MmapMut;
use zerocopy::FromZeros;

/// A fixed number of values, all zero at first.
pub struct Table<T> {
    /// Page-aligned; `len` values lie in it.
    memory: MmapMut,
    len: usize,
    values: PhantomData<T>,
}

impl<T: FromZeros + Copy> Table<T> {
    /// So many zeros; an error where memory is short.
    ///
    /// Huge pages, if the system gives them, save a page fault in 4 KiB and most of the walks through page tables:
    /// a fifth of a meter's time with a million flows.
    pub fn new(len: usize) -> Result<Table<T>, String> {
        const { assert!(align_of::<T>() <= 4096) };
        let size = len.max(1).saturating_mul(size_of::<T>());
        let no_memory = |_| format!("no memory for a flow cache: {size} octets");
        let memory = MmapMut::map_anon(size).map_err(no_memory)?;
        #[cfg(target_os = "linux")]
        let _ = memory.advise(memmap2::Advice::HugePage);
        Ok(Table { memory, len, values: PhantomData })
    }

    /// Sets all values to zero.
    pub fn clear(&mut self) {
        self.iter_mut().for_each(|value| value.zero());
    }
}

impl<T> Table<T> {
    /// Lets a value's first cache line come while other work is done.
    #[inline(always)]
    pub fn prefetch(&self, at: usize) {
        let place = self.memory.as_ptr().cast::<T>().wrapping_add(at);
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a prefetch is a hint that has no effect a program could see, whatever the address; SSE is part of
        // every x86-64.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(place.cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = place;
    }
}

impl<T: FromZeros> Deref for Table<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        let start = NonNull::from(&*self.memory).cast::<T>();
        // SAFETY: the mapping is aligned to pages, so for T (`new` asserts it), holds at least `len` values, and lives
        // and is not moved as long as `self`. Its octets were zero, which is a valid T (`FromZeros`), or have been
        // written through `deref_mut` as values of T: nothing else hands them out.
        unsafe { slice::from_raw_parts(start.as_ptr(), self.len) }
    }
}

impl<T: FromZeros> DerefMut for Table<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        let start = NonNull::from(&mut *self.memory).cast::<T>();
        // SAFETY: as in `deref`; `self` is borrowed alone.
        unsafe { slice::from_raw_parts_mut(start.as_ptr(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_zeros_until_written() {
        let mut table = Table::<[u64; 3]>::new(5000).unwrap();
        assert!(table.len() == 5000 && table.iter().all(|value| *value == [0; 3]));
        table[4999] = [1, 2, 3];
        table.prefetch(4999);
        table.prefetch(usize::MAX);
        assert_eq!((table[4999], table.get(5000)), ([1, 2, 3], None));
        table.clear();
        assert_eq!(table[4999], [0; 3]);
        assert!(Table::<u64>::new(0).unwrap().is_empty());
        assert!(Table::<u64>::new(usize::MAX / 2).is_err());
    }
}
