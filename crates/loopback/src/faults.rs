//! Which requests of a stub go wrong, and how: what is the same for every service.

use std::convert::Infallible;

use crate::Fault;

/// What a stub sees of a request, for a fault to find the one it is for.
pub trait Visible {
    /// Which of the stub's servers there are; [`Infallible`] when it has one.
    type Host: PartialEq;

    /// Its number, from 1 and since the start, over all servers whose requests are counted.
    fn number(&self) -> usize;

    /// `GET`.
    fn method(&self) -> &str;

    /// Path and query, in the form in which the stub shows them.
    fn target(&self) -> &str;

    /// The server it came to; `None` when there is one.
    fn host(&self) -> Option<&Self::Host> {
        None
    }
}

/// Which requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When<H = Infallible> {
    /// The one of this number, from 1: that of the requests so far, plus one, is the next.
    Nth(usize),
    /// The next ones, whichever.
    Next,
    /// Those of this method whose path and query contain this text. An empty method is any.
    Matching {
        /// `PATCH`.
        method: String,
        /// `/v7/device`.
        target: String,
    },
    /// Those to this server.
    Host(H),
}

impl<H: PartialEq> When<H> {
    /// Those of this method whose path and query contain this text.
    #[must_use]
    pub fn at(method: &str, target: &str) -> Self {
        Self::Matching { method: method.to_owned(), target: target.to_owned() }
    }

    /// Whether this request is one of them.
    #[must_use]
    pub fn fits(&self, request: &impl Visible<Host = H>) -> bool {
        match self {
            Self::Nth(number) => *number == request.number(),
            Self::Next => true,
            Self::Matching { method, target } => {
                (method.is_empty() || *method == request.method()) && request.target().contains(target)
            }
            Self::Host(host) => request.host() == Some(host),
        }
    }
}

/// What a fault leaves of the request it meets.
pub trait Harm {
    /// Whether the request takes effect all the same, `wanted` being what the test says.
    fn takes_effect(&self, wanted: bool) -> bool;
}

impl Harm for Fault {
    fn takes_effect(&self, wanted: bool) -> bool {
        wanted || self.is_of_an_answer()
    }
}

/// A fault, and who meets it.
#[derive(Clone, Debug)]
pub struct Injection<F = Fault, H = Infallible> {
    /// Which requests.
    pub when: When<H>,
    /// How.
    pub fault: F,
    /// Whether the request takes effect all the same, and only its answer is lost. `Truncated` and `Slow` always do.
    pub takes_effect: bool,
    /// How often, at most.
    pub times: usize,
}

impl<F: Harm + Clone, H: PartialEq + Clone> Injection<F, H> {
    /// Once, and without effect.
    #[must_use]
    pub fn once(when: When<H>, fault: impl Into<F>) -> Self {
        Self { when, fault: fault.into(), takes_effect: false, times: 1 }
    }

    /// Once, at the request of this number, and without effect.
    #[must_use]
    pub fn nth(number: usize, fault: impl Into<F>) -> Self {
        Self::once(When::Nth(number), fault)
    }

    /// Once, at the next request of this method to a path and query with this text, and without effect.
    #[must_use]
    pub fn at(method: &str, target: &str, fault: impl Into<F>) -> Self {
        Self::once(When::at(method, target), fault)
    }

    /// The request takes effect, and its answer is lost.
    #[must_use]
    pub fn taking_effect(mut self) -> Self {
        self.takes_effect = true;
        self
    }

    /// So many times.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Whether the request takes effect.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.fault.takes_effect(self.takes_effect)
    }

    /// The first of these that a request meets, which then has one time less.
    pub fn met(all: &mut [Self], request: &impl Visible<Host = H>) -> Option<Self> {
        let met = all.iter_mut().find(|one| one.times > 0 && one.when.fits(request))?;
        met.times -= 1;
        Some(met.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Seen(usize, &'static str, &'static str, char);

    impl Visible for Seen {
        type Host = char;

        fn number(&self) -> usize {
            self.0
        }

        fn method(&self) -> &str {
            self.1
        }

        fn target(&self) -> &str {
            self.2
        }

        fn host(&self) -> Option<&char> {
            Some(&self.3)
        }
    }

    #[test]
    fn a_request_meets_the_first_fault_that_is_for_it() {
        let get = Seen(3, "GET", "/device?id=1", 'a');
        let fits =
            [When::Nth(3), When::Next, When::at("GET", "device"), When::at("", "id=1"), When::Host('a')];
        for when in fits {
            assert!(when.fits(&get), "{when:?}");
        }
        for when in [When::Nth(4), When::at("PATCH", "device"), When::at("GET", "release"), When::Host('b')] {
            assert!(!when.fits(&get), "{when:?}");
        }
        let mut all: Vec<Injection<Fault, char>> = vec![
            Injection::nth(4, Fault::Drop),
            Injection::at("GET", "/device", Fault::Status(500)).times(2),
            Injection::once(When::Next, Fault::Truncated(1)),
        ];
        let faults: Vec<_> = (0..4).map(|_| Injection::met(&mut all, &get).map(|met| met.fault)).collect();
        let expected = [Some(Fault::Status(500)), Some(Fault::Status(500)), Some(Fault::Truncated(1)), None];
        assert_eq!(faults, expected);
    }

    #[test]
    fn what_is_made_of_an_answer_has_one() {
        let of = |fault| Injection::<Fault>::nth(1, fault);
        assert!(!of(Fault::Drop).is_done());
        assert!(of(Fault::Drop).taking_effect().is_done());
        assert!(of(Fault::Truncated(3)).is_done());
    }
}
