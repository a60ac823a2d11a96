//! Measures the plan reader: `cargo run --release --example scan -- PLAN [RUNS]`.
//!
//! Prints the median processor time (on Linux; elsewhere the wall clock) of a plain chunked read of the file, of the
//! scan that keeps the changed rows of IAM types, and the ratio of the two, and the process's peak memory.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement reads files and the clock"
)]

use std::fs::File;
use std::io::Read;
use std::time::{Duration, Instant};

use tollgate::plan::{Keep, read};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().expect("the path of a plan");
    let runs: usize = arguments.next().map_or(11, |runs| runs.parse().expect("a number of runs"));
    let size = std::fs::metadata(&path).expect("the file").len();
    let chunked = median(runs, || {
        let mut file = File::open(&path).expect("the file");
        let mut buffer = vec![0; 256 * 1024];
        let mut total = 0;
        while let count @ 1.. = file.read(&mut buffer).expect("a read") {
            total += count;
        }
        total
    });
    let scan = |file: File, hashed: bool| {
        let keep = Keep::nothing()
            .rows(&|row| !row.is_plain_no_op() && row.type_name.starts_with("aws_iam_"))
            .configuration(&|head| head.has_provisioners || head.type_name.starts_with("aws_iam_"))
            .hashed(hashed);
        let input = read(file, &keep).expect("a plan");
        input.plans.iter().map(|plan| plan.changes.len()).sum()
    };
    let plain = median(runs, || scan(File::open(&path).expect("the file"), false));
    let hashed = median(runs, || scan(File::open(&path).expect("the file"), true));
    let megabytes = size as f64 / 1e6;
    println!("{megabytes:.1} MB, median of {runs}, kept {} rows", plain.1);
    println!("chunked read      {:8.2} ms", ms(chunked.0));
    println!("scan              {:8.2} ms  {:5.2} x the read", ms(plain.0), ms(plain.0) / ms(chunked.0));
    println!("scan and SHA-256  {:8.2} ms  {:5.2} x the read", ms(hashed.0), ms(hashed.0) / ms(chunked.0));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines().filter(|line| line.starts_with("VmHWM")) {
        println!("{line}");
    }
}

/// The median time of a run, and what the last one counted.
fn median(runs: usize, mut run: impl FnMut() -> usize) -> (Duration, usize) {
    let mut count = 0;
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let start = (Instant::now(), on_processor());
            count = std::hint::black_box(run());
            on_processor().zip(start.1).map_or_else(|| start.0.elapsed(), |(end, start)| end.saturating_sub(start))
        })
        .collect();
    times.sort();
    (times[times.len() / 2], count)
}

/// Time that this thread has spent on a processor, where the system says: other work on the machine counts less.
fn on_processor() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
