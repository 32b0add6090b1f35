//! The shortest way from one sequence to another, looked for from both ends at once up to a bound, after Myers:
//! "An O(ND) Difference Algorithm and Its Variations" (1986).
//!
//! A path through the grid of both sequences goes right (drops an old item), down (takes a new one) or diagonally
//! (both are equal). `k` names the diagonal x - y, `d` the number of steps that are not diagonal.

use std::ops::Range;

/// How many changes each end looks ahead before the search settles for a good script instead of the best.
const BOUND: isize = 50;

/// A range of the old sequence that gives way to a range of the new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) old: Range<usize>,
    pub(super) new: Range<usize>,
}

/// The changes that turn `old` into `new`, in order.
pub(super) fn changes(old: &[&[u8]], new: &[&[u8]]) -> Vec<Change> {
    let mut changes = Vec::new();
    let (mut x, mut y) = (0, 0);
    for run in Search::new(old, new).common() {
        let (start, top) = (run.x.unsigned_abs(), run.y.unsigned_abs());
        if x < start || y < top {
            changes.push(Change { old: x..start, new: y..top });
        }
        (x, y) = (start + run.len.unsigned_abs(), top + run.len.unsigned_abs());
    }
    if x < old.len() || y < new.len() {
        changes.push(Change { old: x..old.len(), new: y..new.len() });
    }
    changes
}

/// Items that both sequences share: `old[x..x + len]` equals `new[y..y + len]`.
#[derive(Debug, Clone, Copy)]
struct Run {
    x: isize,
    y: isize,
    len: isize,
}

/// The farthest x that `d` changes reach on diagonal `k`, for every `d` so far.
#[derive(Default)]
struct Reach(Vec<Vec<isize>>);

impl Reach {
    fn get(&self, d: isize, k: isize) -> isize {
        self.0[d.unsigned_abs()][(d + k).unsigned_abs() / 2]
    }

    fn get_if(&self, d: isize, k: isize) -> Option<isize> {
        (d >= 0 && k.abs() <= d).then(|| self.get(d, k))
    }

    fn set(&mut self, d: isize, k: isize, x: isize) {
        let row = d.unsigned_abs();
        if self.0.len() <= row {
            self.0.resize_with(row + 1, Vec::new);
        }
        self.0[row].resize(row + 1, 0);
        self.0[row][(d + k).unsigned_abs() / 2] = x;
    }
}

struct Search<'a> {
    old: &'a [&'a [u8]],
    new: &'a [&'a [u8]],
    /// The corner that paths from the beginning lead to.
    right: isize,
    bottom: isize,
    /// The diagonal of the far corner of the whole grid.
    delta: isize,
    forward: Reach,
    backward: Reach,
}

impl<'a> Search<'a> {
    fn new(old: &'a [&'a [u8]], new: &'a [&'a [u8]]) -> Self {
        let (right, bottom) = (old.len().cast_signed(), new.len().cast_signed());
        let (forward, backward) = (Reach::default(), Reach::default());
        Self { old, new, right, bottom, delta: right - bottom, forward, backward }
    }

    /// The runs of a common subsequence, in order.
    fn common(&mut self) -> Vec<Run> {
        self.reach_forward(0, 0, 0);
        self.reach_backward(0, 0, self.right);
        for d in 0..BOUND {
            if let Some(k) = self.meeting(d, d) {
                return self.join(d, d, k);
            }
            self.step_forward(d);
            if let Some(k) = self.meeting(d + 1, d) {
                return self.join(d + 1, d, k);
            }
            self.step_backward(d);
        }
        let mut runs = self.farthest_forward();
        runs.extend(self.farthest_backward());
        without_conflicts(runs)
    }

    // From the beginning.

    fn slide_forward(&self, k: isize, x: isize) -> isize {
        let y = x - k;
        if x >= self.right || y >= self.bottom {
            return x;
        }
        let old = &self.old[x.unsigned_abs()..self.right.unsigned_abs()];
        let new = &self.new[y.unsigned_abs()..self.bottom.unsigned_abs()];
        x + old.iter().zip(new).take_while(|(a, b)| a == b).count().cast_signed()
    }

    fn reach_forward(&mut self, d: isize, k: isize, x: isize) {
        let x = self.slide_forward(k, x);
        self.forward.set(d, k, x);
    }

    fn step_forward(&mut self, d: isize) {
        self.reach_forward(d + 1, -d - 1, self.forward.get(d, -d));
        self.reach_forward(d + 1, d + 1, self.forward.get(d, d) + 1);
        for k in inner(d) {
            let right = self.slide_forward(k, self.forward.get(d, k - 1) + 1);
            let down = self.slide_forward(k, self.forward.get(d, k + 1));
            self.forward.set(d + 1, k, right.max(down));
        }
    }

    /// The runs on the path that reaches diagonal `k` with `d` changes.
    fn path_forward(&self, mut d: isize, mut k: isize) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let mut x = self.forward.get(d, k);
        while x != 0 || x != k {
            if self.forward.get_if(d - 1, k - 1) == Some(x - 1) {
                (d, k, x) = (d - 1, k - 1, x - 1);
            } else if self.forward.get_if(d - 1, k + 1) == Some(x) {
                (d, k) = (d - 1, k + 1);
            } else {
                x -= 1;
                match runs.last_mut() {
                    Some(run) if (run.x, run.y) == (x + 1, x + 1 - k) => {
                        *run = Run { x, y: x - k, len: run.len + 1 };
                    }
                    _ => runs.push(Run { x, y: x - k, len: 1 }),
                }
            }
        }
        runs.reverse();
        runs
    }

    /// The runs from the beginning to the present corner, or as far towards it as the bound allows.
    fn only_forward(&mut self) -> Vec<Run> {
        self.reach_forward(0, 0, 0);
        for d in 0..=BOUND {
            let ends = [-d, d].into_iter().chain(inner(d - 1)).take(if d == 0 { 1 } else { usize::MAX });
            for k in ends {
                let x = self.forward.get(d, k);
                if x == self.right && x - k == self.bottom {
                    return self.path_forward(d, k);
                }
            }
            if d < BOUND {
                self.step_forward(d);
            }
        }
        self.farthest_forward()
    }

    fn farthest_forward(&self) -> Vec<Run> {
        let mut best: Option<(isize, isize)> = None;
        for k in outer(BOUND) {
            let x = self.forward.get(BOUND, k);
            let y = x - k;
            if x <= self.right && y <= self.bottom && best.is_none_or(|(far, _)| x + y > far) {
                best = Some((x + y, k));
            }
        }
        best.map_or_else(Vec::new, |(_, k)| self.path_forward(BOUND, k))
    }

    // From the end.

    fn slide_backward(&self, k: isize, x: isize) -> isize {
        let y = x - k - self.delta;
        if x <= 0 || y <= 0 {
            return x;
        }
        let old = self.old[..x.unsigned_abs()].iter().rev();
        let new = self.new[..y.unsigned_abs()].iter().rev();
        x - old.zip(new).take_while(|(a, b)| a == b).count().cast_signed()
    }

    fn reach_backward(&mut self, d: isize, k: isize, x: isize) {
        let x = self.slide_backward(k, x);
        self.backward.set(d, k, x);
    }

    fn step_backward(&mut self, d: isize) {
        self.reach_backward(d + 1, -d - 1, self.backward.get(d, -d) - 1);
        self.reach_backward(d + 1, d + 1, self.backward.get(d, d));
        for k in inner(d) {
            let up = self.slide_backward(k, self.backward.get(d, k - 1));
            let left = self.slide_backward(k, self.backward.get(d, k + 1) - 1);
            self.backward.set(d + 1, k, up.min(left));
        }
    }

    fn path_backward(&self, mut d: isize, mut k: isize) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let mut x = self.backward.get(d, k);
        while x != self.right || x - k - self.delta != self.bottom {
            if self.backward.get_if(d - 1, k - 1) == Some(x) {
                (d, k) = (d - 1, k - 1);
            } else if self.backward.get_if(d - 1, k + 1) == Some(x + 1) {
                (d, k, x) = (d - 1, k + 1, x + 1);
            } else {
                let y = x - k - self.delta;
                match runs.last_mut() {
                    Some(run) if (run.x + run.len, run.y + run.len) == (x, y) => run.len += 1,
                    _ => runs.push(Run { x, y, len: 1 }),
                }
                x += 1;
            }
        }
        runs
    }

    fn farthest_backward(&self) -> Vec<Run> {
        let mut best: Option<(isize, isize)> = None;
        for k in outer(BOUND) {
            let x = self.backward.get(BOUND, k);
            let y = x - k - self.delta;
            if x >= 0 && y >= 0 && best.is_none_or(|(far, _)| x + y < far) {
                best = Some((x + y, k));
            }
        }
        best.map_or_else(Vec::new, |(_, k)| self.path_backward(BOUND, k))
    }

    // Where both meet.

    /// The diagonal on which the paths from both ends overlap, if they do.
    fn meeting(&self, forward: isize, backward: isize) -> Option<isize> {
        if (forward + backward + self.delta) % 2 != 0 {
            return None;
        }
        let (first, last) = ((-forward).max(self.delta - backward), forward.min(self.delta + backward));
        let mut diagonals = (first..=last).step_by(2);
        let ends = |k| (self.forward.get(forward, k), self.backward.get(backward, k - self.delta));
        let met = diagonals.find(|&k| ends(k).1 <= ends(k).0)?;
        let simple = |&k: &isize| {
            let (x, u) = ends(k);
            x == u || u == 0 || u == k || x - k == self.bottom || x == self.right
        };
        Some((met..=last).step_by(2).find(simple).unwrap_or(met))
    }

    /// The runs of a shortest path through the meeting of `forward` changes from the beginning and `backward` changes
    /// from the end on diagonal `k`.
    fn join(&mut self, forward: isize, backward: isize, k: isize) -> Vec<Run> {
        let back = k - self.delta;
        let x = self.forward.get(forward, k);
        let u = self.backward.get(backward, back);
        let (y, v) = (x - k, u - k);
        let mut runs = if x == u {
            chain(self.path_forward(forward, k), self.path_backward(backward, back))
        } else if u > 0 && self.forward.get_if(forward - 1, u - 1 - v) == Some(u - 1) {
            chain(self.path_forward(forward - 1, u - 1 - v), self.path_backward(backward, back))
        } else if v > 0 && self.forward.get_if(forward - 1, u - v + 1) == Some(u) {
            chain(self.path_forward(forward - 1, u - v + 1), self.path_backward(backward, back))
        } else if u == 0 || v == 0 {
            return self.path_backward(backward, back);
        } else if x == self.right || y == self.bottom {
            return self.path_forward(forward, k);
        } else if x < self.right && self.backward.get_if(backward - 1, back + 1) == Some(x + 1) {
            chain(self.path_backward(backward - 1, back + 1), self.path_forward(forward, k))
        } else if y < self.bottom && self.backward.get_if(backward - 1, back - 1) == Some(x) {
            chain(self.path_backward(backward - 1, back - 1), self.path_forward(forward, k))
        } else {
            let end = self.path_backward(backward, back);
            let corner = (self.right, self.bottom);
            (self.right, self.bottom) = (u, v);
            let start = self.only_forward();
            (self.right, self.bottom) = corner;
            chain(end, start)
        };
        sort(&mut runs);
        runs
    }
}

/// The diagonals between the outermost two of step `d + 1`.
fn inner(d: isize) -> impl Iterator<Item = isize> {
    (1 - d..=d - 1).step_by(2)
}

/// All diagonals of step `d`.
fn outer(d: isize) -> impl Iterator<Item = isize> {
    (-d..=d).step_by(2)
}

fn chain(mut first: Vec<Run>, second: Vec<Run>) -> Vec<Run> {
    first.extend(second);
    first
}

fn sort(runs: &mut [Run]) {
    runs.sort_by(|a, b| a.x.cmp(&b.x).then(b.len.cmp(&a.len)));
}

/// Paths from both ends that did not meet may overlap: the longest runs stay, shorter ones give way.
fn without_conflicts(mut runs: Vec<Run>) -> Vec<Run> {
    runs.sort_by_key(|run| std::cmp::Reverse(run.len));
    let mut kept: Vec<Run> = Vec::with_capacity(runs.len());
    for run in runs {
        if let Some(run) = kept.iter().try_fold(run, |run, other| clear_of(run, *other)) {
            kept.push(run);
        }
    }
    sort(&mut kept);
    kept
}

/// What is left of a run beside one that stays; nothing if both cannot be on one path.
fn clear_of(mut run: Run, stays: Run) -> Option<Run> {
    for across in [true, false] {
        let from = |run: &Run| if across { run.x } else { run.y };
        if from(&run) <= from(&stays) && from(&stays) < from(&run) + run.len {
            run.len = from(&stays) - from(&run);
        }
        if run.len > 0 && from(&stays) <= from(&run) && from(&run) < from(&stays) + stays.len {
            let cut = from(&stays) + stays.len - from(&run);
            run = Run { x: run.x + cut, y: run.y + cut, len: run.len - cut };
        }
        if run.len <= 0 {
            return None;
        }
    }
    let before = run.x + run.len <= stays.x && run.y + run.len <= stays.y;
    let after = stays.x + stays.len <= run.x && stays.y + stays.len <= run.y;
    (before || after).then_some(run)
}
