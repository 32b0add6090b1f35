//! The calls of one step, being answered.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use super::dynamic_tools::{ToolCallContext, Toolbox};
use super::tool_run::ChatRunEvent;
use crate::types::*;

/// How many bytes a set of results may have: servers refuse bodies over 256 KiB as if they were no JSON.
pub(super) const MAX_RESULTS: usize = 250_000;

/// Runs a set of calls, so many at once. Dropping it stops them.
pub(super) struct Work {
    pub(super) calls: Vec<ChatStreamToolCall>,
    chat_id: Uuid,
    tools: Toolbox,
    concurrency: usize,
    timeout: Duration,
    waiting: VecDeque<usize>,
    running: JoinSet<(usize, std::result::Result<RawJson, String>, Duration)>,
    results: Vec<Option<ToolResult>>,
}

impl Work {
    pub(super) fn new(
        calls: Vec<ChatStreamToolCall>,
        chat_id: Uuid,
        tools: Toolbox,
        concurrency: usize,
        timeout: Duration,
    ) -> Self {
        let (waiting, results) = ((0..calls.len()).collect(), vec![None; calls.len()]);
        Self { calls, chat_id, tools, concurrency, timeout, waiting, running: JoinSet::new(), results }
    }

    /// Starts what may run, and tells of it.
    pub(super) fn fill(&mut self, out: &mut VecDeque<ChatRunEvent>) {
        while self.running.len() < self.concurrency
            && let Some(index) = self.waiting.pop_front()
        {
            let call = self.calls[index].clone();
            out.push_back(ChatRunEvent::ToolStarted { call: call.clone() });
            let tool = self.tools.get(&call.tool_name).cloned();
            let unknown = if tool.is_none() { self.tools.unknown(&call.tool_name) } else { String::new() };
            let context = ToolCallContext::new(self.chat_id, call.tool_call_id);
            let limit = self.timeout;
            self.running.spawn(async move {
                let started = Instant::now();
                let Some(tool) = tool else { return (index, Err(unknown), Duration::ZERO) };
                let answer = AssertUnwindSafe(tool.call(context, &call.args)).catch_unwind();
                let result = match tokio::time::timeout(limit, answer).await {
                    Ok(Ok(result)) => result,
                    Ok(Err(_)) => Err("the tool failed unexpectedly".to_owned()),
                    Err(_) => Err(format!("the tool did not answer within {limit:?}")),
                };
                (index, result, started.elapsed())
            });
        }
    }

    /// The next call that is answered; nothing when all are.
    pub(super) fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Option<ChatRunEvent>> {
        loop {
            match ready!(self.running.poll_join_next(cx)) {
                None => return Poll::Ready(None),
                Some(Ok((index, result, took))) => {
                    let call = self.calls[index].clone();
                    let result = tool_result(&call.tool_call_id, result);
                    self.results[index] = Some(result.clone());
                    return Poll::Ready(Some(ChatRunEvent::ToolFinished { call, result, took }));
                }
                // Handlers' panics are caught inside; this one is the runtime's shutdown.
                Some(Err(error)) => tracing::debug!(%error, "a tool's task was stopped"),
            }
        }
    }

    /// The results in the order of the calls, cut to what a server takes.
    pub(super) fn results(&self) -> Vec<ToolResult> {
        let answered = self.calls.iter().zip(&self.results);
        let missing =
            |call: &ChatStreamToolCall| tool_result(&call.tool_call_id, Err("the tool was stopped".to_owned()));
        let mut results: Vec<_> =
            answered.map(|(call, result)| result.clone().unwrap_or_else(|| missing(call))).collect();
        bound(&mut results, MAX_RESULTS);
        results
    }
}

pub(super) fn tool_result(id: &str, result: std::result::Result<RawJson, String>) -> ToolResult {
    let (output, is_error) = match result {
        Ok(output) => (output, false),
        Err(fault) => (serde_json::Value::from(fault).into(), true),
    };
    ToolResult { tool_call_id: id.to_owned(), output: Some(output), is_error }
}

/// Replaces the largest outputs until all together fit.
fn bound(results: &mut [ToolResult], limit: usize) {
    let size = |result: &ToolResult| result.output.as_ref().map_or(0, |output| output.get().len());
    // The rest of a result is its id and some names.
    let overhead: usize = results.iter().map(|result| result.tool_call_id.len() + 80).sum();
    loop {
        let total: usize = overhead + results.iter().map(size).sum::<usize>();
        let Some(largest) = results.iter_mut().max_by_key(|result| size(result)) else { return };
        let bytes = size(largest);
        if total <= limit || bytes < 200 {
            return;
        }
        let fault = format!("the result is too large: {bytes} bytes");
        *largest = tool_result(&largest.tool_call_id, Err(fault));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_results_give_way() {
        let text = |n: usize| Ok(serde_json::Value::from("x".repeat(n)).into());
        let mut results = [tool_result("a", text(100)), tool_result("b", text(9000)), tool_result("c", text(500))];
        bound(&mut results, 2000);
        assert_eq!(results.each_ref().map(|result| result.is_error), [false, true, false]);
        assert_eq!(results[1].output, Some(serde_json::json!("the result is too large: 9002 bytes").into()));
        let mut fits = [tool_result("a", text(1000))];
        bound(&mut fits, 2000);
        assert!(!fits[0].is_error);
    }
}
