//! Posting: for the current head only, and never over what is newer.

use crate::marker::Marker;
use crate::service::{Posted, Pull, Service, ServiceError};

/// What became of the comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// GitHub has it, or had it.
    Posted(Posted),
    /// The pull request has moved on: its tip is this commit now.
    Stale(String),
}

/// Writes the comment, or leaves what is newer.
///
/// # Errors
/// When GitHub refuses or does not answer.
pub(crate) fn post(
    service: &mut dyn Service,
    pull: &Pull,
    marker: &Marker,
    body: &str,
    may_create: bool,
) -> Result<Outcome, ServiceError> {
    if let Some(commit) = &marker.commit
        && !pull.head.eq_ignore_ascii_case(commit)
    {
        return Ok(Outcome::Stale(pull.head.clone()));
    }
    service.set(pull.number, marker, body, may_create).map(Outcome::Posted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::{Names, Nothing, origin};
    use crate::marker::Run;
    use crate::service::EndedRun;
    use lw_github::Artifact;

    /// GitHub in memory: one comment at most, and what is asked of it.
    #[derive(Default)]
    struct Memory {
        pulls: Vec<(String, String, Pull)>,
        run: Option<EndedRun>,
        comment: Option<String>,
        calls: Vec<String>,
    }

    fn refused() -> ServiceError {
        ServiceError {
            message: "list the comments: GitHub forbids it".into(),
            hint: Some("pull-requests: write".into()),
        }
    }

    impl Service for Memory {
        fn pull(&mut self, number: u64) -> Result<Pull, ServiceError> {
            let found = self.pulls.iter().find(|(_, _, pull)| pull.number == number);
            found.map(|(_, _, pull)| pull.clone()).ok_or_else(refused)
        }

        fn pulls_of(&mut self, repository: &str, branch: &str) -> Result<Vec<Pull>, ServiceError> {
            self.calls.push(format!("pulls of {repository}:{branch}"));
            let of = self.pulls.iter().filter(|(of, name, _)| of == repository && name == branch);
            Ok(of.map(|(_, _, pull)| pull.clone()).collect())
        }

        fn run(&mut self, _: u64) -> Result<EndedRun, ServiceError> {
            self.run.clone().ok_or_else(refused)
        }

        fn artifacts(&mut self, _: u64, _: &Names) -> Result<Vec<Artifact>, ServiceError> {
            Ok(Vec::new())
        }

        fn download(&mut self, _: &Artifact, _: u64) -> Result<Vec<u8>, ServiceError> {
            Err(refused())
        }

        fn set(
            &mut self,
            _: u64,
            marker: &Marker,
            body: &str,
            may_create: bool,
        ) -> Result<Posted, ServiceError> {
            let url = || "https://x.example/1".to_owned();
            Ok(match &self.comment {
                Some(there) if !marker.may_replace(there) => Posted::Kept(url()),
                Some(there) if there == body => Posted::Unchanged(url()),
                None if !may_create => Posted::Absent,
                there => {
                    let posted =
                        if there.is_some() { Posted::Updated(url()) } else { Posted::Created(url()) };
                    self.comment = Some(body.to_owned());
                    posted
                }
            })
        }
    }

    const HEAD: &str = "1111111111111111111111111111111111111111";
    const OTHER: &str = "2222222222222222222222222222222222222222";

    fn pull(number: u64, head: &str) -> Pull {
        Pull { number, head: head.into() }
    }

    fn marker(id: u64, attempt: u64) -> Marker {
        Marker { key: "reports".into(), commit: Some(HEAD.into()), run: Run { id, attempt } }
    }

    fn posted(memory: &mut Memory, marker: &Marker, text: &str) -> Outcome {
        post(memory, &pull(7, HEAD), marker, &format!("{text}\n{marker}\n"), true).unwrap()
    }

    #[test]
    fn a_comment_is_created_updated_and_left_when_a_newer_run_wrote_it() {
        let mut memory = Memory::default();
        assert!(matches!(posted(&mut memory, &marker(5, 1), "a"), Outcome::Posted(Posted::Created(_))));
        assert!(matches!(posted(&mut memory, &marker(5, 1), "a"), Outcome::Posted(Posted::Unchanged(_))));
        assert!(matches!(posted(&mut memory, &marker(5, 2), "b"), Outcome::Posted(Posted::Updated(_))));
        assert!(matches!(posted(&mut memory, &marker(5, 1), "c"), Outcome::Posted(Posted::Kept(_))));
        assert!(matches!(posted(&mut memory, &marker(4, 9), "c"), Outcome::Posted(Posted::Kept(_))));
        assert!(memory.comment.as_deref().is_some_and(|body| body.starts_with("b\n")));
    }

    #[test]
    fn a_head_that_has_moved_on_is_not_told_of() {
        let mut memory = Memory::default();
        let outcome = post(&mut memory, &pull(7, OTHER), &marker(5, 1), "text", true).unwrap();
        assert_eq!(outcome, Outcome::Stale(OTHER.into()));
        assert_eq!(memory.comment, None);
    }

    fn run(event: &str, repository: Option<&str>) -> EndedRun {
        EndedRun {
            id: 9,
            attempt: 1,
            event: event.into(),
            head: HEAD.into(),
            branch: Some("feature".into()),
            repository: repository.map(str::to_owned),
            workflow: ".github/workflows/ci.yml".into(),
            url: "https://x.example/o/r/actions/runs/9".into(),
        }
    }

    #[test]
    fn a_pull_request_is_found_by_repository_branch_and_commit() {
        let mut memory = Memory { run: Some(run("pull_request", Some("me/fork"))), ..Memory::default() };
        // Of the same branch in another repository, and of the same repository at another commit.
        memory.pulls.push(("o/r".into(), "feature".into(), pull(1, HEAD)));
        memory.pulls.push(("me/fork".into(), "feature".into(), pull(2, OTHER)));
        let why = |found: Result<crate::artifact::Origin, Nothing>| match found {
            Err(Nothing::Nobody(why)) => why,
            _ => panic!("something was found"),
        };
        assert_eq!(
            why(origin(&mut memory, 9)),
            "the pull request of me/fork:feature has moved on from commit 111111111111"
        );
        memory.pulls.push(("me/fork".into(), "feature".into(), pull(3, HEAD)));
        let found = origin(&mut memory, 9).ok().unwrap();
        assert_eq!(found.pulls, [pull(3, HEAD)]);
        assert_eq!(memory.calls, ["pulls of me/fork:feature", "pulls of me/fork:feature"]);
        memory.pulls.clear();
        assert_eq!(why(origin(&mut memory, 9)), "there is no open pull request of me/fork:feature");
        memory.run = Some(run("push", Some("o/r")));
        assert_eq!(why(origin(&mut memory, 9)), "run 9 was started by `push`, not by a pull request");
        memory.run = Some(run("pull_request", None));
        assert_eq!(why(origin(&mut memory, 9)), "the repository or the branch that run 9 is of is gone");
        memory.run = None;
        assert!(matches!(origin(&mut memory, 9), Err(Nothing::Service(_))));
    }
}
