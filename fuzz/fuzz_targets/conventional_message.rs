//! Any text as a message: what it is follows, lines of near misses are lines of it, and nothing breaks that has no description.

use lw_conventional::{Kind, Message, Rules};

fuzz_target!(|text: &str| {
    for hash_is_breaking in [false, true] {
        let rules = Rules { hash_is_breaking };
        let message = Message::parse(text, rules);
        let lines = text.split('\n').count();
        assert!(message.near.iter().all(|miss| (1..=lines).contains(&miss.line)), "{message:?}");
        assert!(message.breaking.as_ref().is_none_or(|breaking| !breaking.trim().is_empty()));
        if let Kind::Conventional(header) = &message.kind {
            assert!(!header.kind.is_empty() && !header.description.is_empty());
            let scope = header.scope.as_ref().map(|scope| format!("({scope})")).unwrap_or_default();
            let bang = if header.bang { "!" } else { "" };
            let again = format!("{}{scope}{bang}: {}", header.kind, header.description);
            assert_eq!(Message::parse(&again, rules).header(), Some(header));
        }
        for item in message.squashed(rules) {
            assert!(item.header().is_some());
        }
    }
});
