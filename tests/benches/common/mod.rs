//! Measures two programs against each other in one run, turn by turn, so that both meet the same machine.

use std::time::Duration;

/// What a comparison found.
#[derive(Debug)]
pub struct Comparison {
    name: String,
    ours: Duration,
    baseline: Duration,
    ratio: f64,
}

impl Comparison {
    /// Compares the medians of the rounds.
    pub fn new(name: &str, rounds: &[(Duration, Duration)]) -> Self {
        let ours = median(rounds.iter().map(|round| round.0).collect());
        let baseline = median(rounds.iter().map(|round| round.1).collect());
        Self { name: name.to_owned(), ours, baseline, ratio: ours.as_secs_f64() / baseline.as_secs_f64() }
    }

    /// Prints the figures, without a verdict.
    #[allow(dead_code, reason = "not every benchmark has such figures")]
    pub fn tell(&self) {
        println!(
            "{}: {:.2?} against {:.2?} of the baseline, {:.3} times",
            self.name, self.ours, self.baseline, self.ratio
        );
    }

    /// Prints the figures, and whether the ratio is within `limit`.
    pub fn report(&self, limit: f64) -> bool {
        let within = self.ratio <= limit;
        println!(
            "{}: {:.2?} against {:.2?} of the baseline, {:.3} times (limit {limit}) {}",
            self.name,
            self.ours,
            self.baseline,
            self.ratio,
            if within { "ok" } else { "TOO SLOW" },
        );
        within
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
