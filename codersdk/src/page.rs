//! Pagination, as values and as a stream.

use std::collections::VecDeque;
use std::future::Future;

use futures_util::Stream;
use uuid::Uuid;

use crate::Result;

/// Which page of a list is wanted. The default is everything in one page, where the route has no limit of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pagination {
    /// Only what comes after the thing with this id. Faster than `offset` for long lists.
    pub after_id: Option<Uuid>,
    /// The size of a page; 0 for no limit.
    pub limit: u32,
    /// How many to leave out. With `after_id`, counted from there.
    pub offset: u32,
}

impl Pagination {
    /// The query pairs that are sent for it.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (String, String)> + use<> {
        let after = self.after_id.filter(|id| !id.is_nil()).map(|id| ("after_id".to_owned(), id.to_string()));
        let limit = (self.limit > 0).then(|| ("limit".to_owned(), self.limit.to_string()));
        let offset = (self.offset > 0).then(|| ("offset".to_owned(), self.offset.to_string()));
        [after, limit, offset].into_iter().flatten()
    }
}

/// All items of a list as a stream, fetched a page at a time, each page when the one before is used up.
///
/// `fetch` gets the page that is wanted and gives its items; the list ends with a page that has fewer than
/// `page_size` items. The first error is the last item.
///
/// ```no_run
/// use codersdk::{pages, prelude::*, UsersRequest};
/// use futures_util::TryStreamExt;
///
/// # async fn run(client: Client) -> codersdk::Result<()> {
/// let users = pages(100, |page| {
///     let client = client.clone();
///     async move { Ok(client.users(UsersRequest { pagination: page, ..Default::default() }).await?.users) }
/// });
/// let mut users = std::pin::pin!(users);
/// while let Some(user) = users.try_next().await? {
///     println!("{}", user.username);
/// }
/// # Ok(())
/// # }
/// ```
pub fn pages<T, F, Fut>(page_size: u32, fetch: F) -> impl Stream<Item = Result<T>>
where
    F: FnMut(Pagination) -> Fut,
    Fut: Future<Output = Result<Vec<T>>>,
{
    struct State<T, F> {
        fetch: F,
        items: VecDeque<T>,
        offset: u32,
        last: bool,
    }
    let page_size = page_size.max(1);
    let state = State { fetch, items: VecDeque::new(), offset: 0, last: false };
    futures_util::stream::unfold(state, move |mut state| async move {
        loop {
            if let Some(item) = state.items.pop_front() {
                return Some((Ok(item), state));
            }
            if state.last {
                return None;
            }
            let page = Pagination { limit: page_size, offset: state.offset, after_id: None };
            match (state.fetch)(page).await {
                Ok(items) => {
                    let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
                    state.last = count < page_size;
                    state.offset = state.offset.saturating_add(count);
                    state.items = items.into();
                }
                Err(error) => {
                    state.last = true;
                    return Some((Err(error), state));
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use futures_util::StreamExt;

    use super::*;
    use crate::Error;

    #[tokio::test]
    async fn a_list_is_fetched_page_by_page_to_its_end() {
        for (total, calls) in [(0u32, 1), (2, 1), (3, 2), (7, 3)] {
            let asked = RefCell::new(Vec::new());
            let items: Vec<u32> = pages(3, |page| {
                asked.borrow_mut().push((page.offset, page.limit));
                async move { Ok((page.offset..total.min(page.offset + page.limit)).collect()) }
            })
            .map(|item| item.unwrap())
            .collect()
            .await;
            assert_eq!(items, (0..total).collect::<Vec<_>>());
            assert_eq!(asked.borrow().len(), calls);
        }
    }

    #[tokio::test]
    async fn an_error_ends_the_list() {
        let items: Vec<Result<u32>> =
            pages(
                2,
                |page| async move { if page.offset == 0 { Ok(vec![1, 2]) } else { Err(Error::api(500, "broken")) } },
            )
            .collect()
            .await;
        assert_eq!(items.len(), 3);
        assert!(items[2].as_ref().unwrap_err().is_server_error());
    }
}
