//! The attribute `ram` of esp-hal, for a machine whose memory is all alike.

use proc_macro::TokenStream;

/// Leaves the item where it is.
#[proc_macro_attribute]
pub fn ram(_place: TokenStream, item: TokenStream) -> TokenStream {
    item
}
