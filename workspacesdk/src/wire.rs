//! How values are left out of JSON.

/// Whether a field is to be left out, as the original leaves out zeros, empty texts and `false`.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
