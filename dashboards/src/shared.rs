//! One answer for all who ask the same: what is asked of the store by every page that is open costs one question.
//!
//! The board's picture is shared because it lies in memory. What is summed up from the store does not, and every page
//! asks for it again and again. So an answer counts for a few seconds for whoever asks the same and sees the same, and
//! who asks while it is being made waits for it. It says itself of when it is.
//!
//! Pages ask at once for what an epoch said something of. Of that an answer counts until something else is said, and who
//! asks then waits until the last answer is a second old: epochs come a tenth of a second apart, and each would cost a
//! question otherwise. To answer with the last one instead would leave pages with what was true before the last epoch.

use std::{
    future::Future,
    sync::{Arc, PoisonError},
    time::Duration,
};

use axum::body::Bytes;
use ioc_model::{asker::Asker, epoch::Epoch};
use tokio::{sync::Mutex, time::Instant};

use crate::problem::Problem;

/// So long an answer counts: the store is asked so often at most, however many look on.
const COUNTS_FOR: Duration = Duration::from_secs(5);

/// Of what epochs say something the store is asked so often at most.
const APART: Duration = Duration::from_secs(1);

/// So many questions are remembered. Pages ask a few; whoever thinks up others is answered all the same.
const REMEMBERED: usize = 64;

/// And answers of so many bytes in all: what comes beyond them is made for each who asks.
const REMEMBERED_BYTES: usize = 64 << 20;

/// What somebody asked.
#[derive(Clone, Debug, PartialEq)]
struct SharedQuestion<Q> {
    asker: Asker,
    /// What the answer speaks of: another pack, another answer.
    build: String,
    asked: Q,
}

/// An answer, when it was made, and the last epoch by then that said something of it.
#[derive(Clone, Debug)]
struct Made {
    at: Instant,
    said: Epoch,
    answer: Result<Bytes, Problem>,
}

type Slot = Arc<Mutex<Option<Made>>>;

/// The answers that count.
#[derive(Debug)]
pub(crate) struct Shared<Q>(std::sync::Mutex<Vec<(SharedQuestion<Q>, Slot)>>);

impl<Q> Default for Shared<Q> {
    fn default() -> Shared<Q> {
        Shared(std::sync::Mutex::default())
    }
}

impl<Q: PartialEq> Shared<Q> {
    /// The answer that counts, or the one that is made now.
    pub(crate) async fn answer(
        &self,
        asker: &Asker,
        build: &str,
        asked: Q,
        make: impl Future<Output = Result<Bytes, Problem>>,
    ) -> Result<Bytes, Problem> {
        self.answer_since(asker, build, asked, Epoch::default, make).await
    }

    /// The same of what epochs say something of; `said` tells the last one that did.
    pub(crate) async fn answer_since(
        &self,
        asker: &Asker,
        build: &str,
        asked: Q,
        said: impl Fn() -> Epoch,
        make: impl Future<Output = Result<Bytes, Problem>>,
    ) -> Result<Bytes, Problem> {
        let since = Instant::now();
        let slot = self.slot(SharedQuestion { asker: asker.clone(), build: build.to_owned(), asked });
        let mut slot = slot.lock().await;
        // What was made while one waited counts also where it is a refusal: else all would be refused one by one.
        let counts = |made: &Made| match made.answer.is_ok() {
            true => made.said == said() && (made.at > since || made.at.elapsed() < COUNTS_FOR),
            false => made.at > since,
        };
        if let Some(made) = slot.as_ref() {
            if counts(made) {
                return made.answer.clone();
            }
            if made.answer.is_ok() {
                tokio::time::sleep_until(made.at + APART).await;
            }
        }
        let said = said();
        let answer = make.await;
        *slot = Some(Made { at: Instant::now(), said, answer: answer.clone() });
        answer
    }

    fn slot(&self, question: SharedQuestion<Q>) -> Slot {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, slot)) = all.iter().find(|(asked, _)| *asked == question) {
            return slot.clone();
        }
        // One that somebody waits for is held by them as well.
        let counts = |slot: &Slot| {
            Arc::strong_count(slot) > 1
                || slot.try_lock().is_ok_and(|made| {
                    made.as_ref().is_some_and(|made| made.answer.is_ok() && made.at.elapsed() < COUNTS_FOR)
                })
        };
        all.retain(|(_, slot)| counts(slot));
        // One that is being made is of no size yet.
        let size = |slot: &Slot| {
            let made = slot.try_lock().ok()?;
            Some(made.as_ref()?.answer.as_ref().map_or(0, Bytes::len))
        };
        let bytes: usize = all.iter().filter_map(|(_, slot)| size(slot)).sum();
        let slot = Slot::default();
        if all.len() < REMEMBERED && bytes < REMEMBERED_BYTES {
            all.push((question, slot.clone()));
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    use ioc_model::asker::Sight;

    use super::*;

    #[derive(Default)]
    struct Asked {
        shared: Shared<u32>,
        times: AtomicUsize,
    }

    impl Asked {
        async fn ask(&self, asker: &Asker, build: &str, question: u32, well: bool) -> Result<Bytes, Problem> {
            let make = async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                let number = self.times.fetch_add(1, Ordering::Relaxed);
                well.then(|| Bytes::from(number.to_string())).ok_or_else(|| Problem::internal("away"))
            };
            self.shared.answer(asker, build, question, make).await
        }

        fn times(&self) -> usize {
            self.times.load(Ordering::Relaxed)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn bound_a_hundred_who_ask_the_same_cost_one_question_and_who_sees_less_one_of_their_own() {
        let asked = Asked::default();
        let everyone = Asker::everyone();
        let all = (0..100).map(|_| asked.ask(&everyone, "a", 1, true));
        let answers = futures_util::future::join_all(all).await;
        assert!(answers.iter().all(|answer| answer.as_ref().unwrap() == "0"));
        assert_eq!(asked.times(), 1);
        let limited = Asker::of(Sight::default());
        assert_eq!(asked.ask(&limited, "a", 1, true).await.unwrap(), "1");
        assert_eq!(asked.ask(&everyone, "b", 1, true).await.unwrap(), "2", "another pack");
        assert_eq!(asked.ask(&everyone, "a", 2, true).await.unwrap(), "3", "another question");
        assert_eq!(asked.ask(&everyone, "a", 1, true).await.unwrap(), "0");
        tokio::time::advance(COUNTS_FOR).await;
        assert_eq!(asked.ask(&everyone, "a", 1, true).await.unwrap(), "4", "it is old");
        assert_eq!(asked.shared.0.lock().unwrap().len(), 4);
        assert_eq!(asked.ask(&everyone, "a", 5, true).await.unwrap(), "5");
        assert_eq!(asked.shared.0.lock().unwrap().len(), 2, "old ones are forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_for_those_who_waited_for_it_and_the_next_one_asks_again() {
        let asked = Asked::default();
        let everyone = Asker::everyone();
        let all = (0..10).map(|_| asked.ask(&everyone, "a", 1, false));
        assert!(futures_util::future::join_all(all).await.iter().all(Result::is_err));
        assert_eq!(asked.times(), 1);
        assert_eq!(asked.ask(&everyone, "a", 1, true).await.unwrap(), "1");
    }

    #[tokio::test(start_paused = true)]
    async fn bound_epochs_that_follow_each_other_cost_a_question_a_second_and_who_asks_is_told_what_they_say()
    {
        let asked = Asked::default();
        let said = AtomicU64::new(1);
        let everyone = Asker::everyone();
        let ask = async || {
            let make = async {
                let number = asked.times.fetch_add(1, Ordering::Relaxed);
                Ok(Bytes::from(format!("{number} of {}", said.load(Ordering::Relaxed))))
            };
            let said = || Epoch(said.load(Ordering::Relaxed));
            asked.shared.answer_since(&everyone, "a", 1, said, make).await.unwrap()
        };
        let began = Instant::now();
        assert_eq!(ask().await, "0 of 1");
        let mut waiting = Vec::new();
        for epoch in 2..=6 {
            said.store(epoch, Ordering::Relaxed);
            let mut page = Box::pin(ask());
            // It begins to wait, and other epochs come meanwhile.
            assert!(tokio::time::timeout(Duration::from_millis(10), &mut page).await.is_err());
            waiting.push(page);
        }
        let answers = futures_util::future::join_all(waiting).await;
        assert!(answers.iter().all(|answer| answer == "1 of 6"), "{answers:?}");
        assert!(began.elapsed() >= APART);
        assert_eq!(asked.times(), 2);
        assert_eq!(ask().await, "1 of 6", "nothing was said since");
        tokio::time::advance(APART).await;
        said.store(7, Ordering::Relaxed);
        assert_eq!(ask().await, "2 of 7", "at once where the last answer is a second old");
    }

    #[tokio::test(start_paused = true)]
    async fn bound_large_answers_are_not_remembered_without_end() {
        let shared = Shared::default();
        for question in 0..REMEMBERED {
            let make = async { Ok(Bytes::from(vec![b' '; REMEMBERED_BYTES / 4])) };
            assert!(shared.answer(&Asker::everyone(), "a", question, make).await.is_ok());
        }
        assert_eq!(shared.0.lock().unwrap().len(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn bound_more_questions_than_are_remembered_are_answered_all_the_same() {
        let asked = Asked::default();
        for question in 0..REMEMBERED as u32 * 2 {
            assert!(asked.ask(&Asker::everyone(), "a", question, true).await.is_ok());
        }
        assert!(asked.shared.0.lock().unwrap().len() <= REMEMBERED);
    }
}
