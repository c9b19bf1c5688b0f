//! Numbers in memory that begins with a line of the cache, so that no vector of them lies across two.

use std::ops::{Deref, DerefMut};

use super::Float;

/// How many bytes a line of the cache has.
const LINE: usize = 64;

/// So many numbers, the first of them at the begin of a line of the cache.
#[derive(Debug, Default)]
pub(crate) struct Aligned<T> {
    memory: Vec<T>,
    first: usize,
    len: usize,
}

impl<T: Float> Aligned<T> {
    /// Zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        let memory = vec![T::ZERO; len + LINE / size_of::<T>()];
        Self { first: first_of_line(&memory), memory, len }
    }

    /// Room for so many numbers, which are whatever they are.
    pub(crate) fn make_room(&mut self, len: usize) {
        if self.first + len > self.memory.len() {
            *self = Self::zeros(len);
        }
        self.len = len;
    }
}

/// Where the first line begins.
fn first_of_line<T>(memory: &[T]) -> usize {
    memory.as_ptr().align_offset(LINE).min(LINE / size_of::<T>())
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.memory[self.first..self.first + self.len]
    }
}

impl<T> DerefMut for Aligned<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.memory[self.first..self.first + self.len]
    }
}

impl<T: Clone> Clone for Aligned<T> {
    fn clone(&self) -> Self {
        let mut memory = self.memory.clone();
        // Other memory has other lines.
        let first = first_of_line(&memory);
        match first.checked_sub(self.first) {
            Some(later) => memory.rotate_right(later),
            None => memory.rotate_left(self.first - first),
        }
        Self { memory, first, len: self.len }
    }
}

impl<T: PartialEq> PartialEq for Aligned<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

/// A value that begins with a line of the cache.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
pub(crate) struct OnLine<A>(pub(crate) A);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_with_a_line() {
        let copies: Vec<Aligned<f32>> = (0..20)
            .map(|n| {
                let mut numbers = Aligned::zeros(n);
                numbers.iter_mut().enumerate().for_each(|(index, x)| *x = index as f32);
                numbers.clone()
            })
            .collect();
        for (n, numbers) in copies.iter().enumerate() {
            assert!(numbers.as_ptr().addr().is_multiple_of(LINE));
            assert!(numbers.iter().copied().eq((0..n).map(|index| index as f32)));
        }
        let mut numbers = Aligned::<f64>::default();
        for len in [3, 200, 7] {
            numbers.make_room(len);
            assert!(numbers.len() == len && numbers.as_ptr().addr().is_multiple_of(LINE));
        }
    }
}
