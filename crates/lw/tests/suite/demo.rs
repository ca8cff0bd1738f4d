//! The demo's page: every number on it is one that a tool has written.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The numbers of a text, with all that belongs to one (`1.1.0`, `79.99`), without the marks between its thousands.
fn numbers(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    for piece in text.split(|c| !is_part(c)) {
        let number = piece.trim_matches(['.', ',']).replace(',', "");
        if number.chars().any(|c| c.is_ascii_digit()) {
            found.insert(number);
        }
    }
    found
}

/// What a page says, without its markup.
fn words(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        // A name may break at any place; whatever else begins or ends is an end of a word.
        if !after.starts_with("wbr") {
            text.push(' ');
        }
        rest = after.split_once('>').map_or("", |(_, rest)| rest);
    }
    text.push_str(rest);
    text.replace("&#39;", "'").replace('\u{a0}', " ")
}

/// All that a run has written: what it printed, and the files that the page names.
fn written(run: &str, folder: &Path) -> String {
    let mut all = String::new();
    for link in run.split("<a href=\"").skip(1).filter_map(|rest| rest.split_once('"')) {
        // Texts of a release lead to where it is.
        if link.0.contains("://") {
            continue;
        }
        let path = folder.join(link.0);
        if matches!(
            path.extension().and_then(|extension| extension.to_str()),
            Some("html" | "json" | "md" | "mmd")
        ) {
            let text =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            all.push_str(&if path.extension().is_some_and(|extension| extension == "html") {
                words(&text)
            } else {
                text
            });
            all.push('\n');
        } else {
            assert!(path.is_file(), "{}", path.display());
        }
    }
    all
}

#[test]
fn every_number_of_the_page_is_one_that_a_tool_wrote() {
    let (folder, printed) = super::demo();
    let page = fs::read_to_string(folder.join("index.html")).unwrap();
    for outside in ["http://", "https://", "<script", "@import"] {
        let loads = [format!("src=\"{outside}"), format!("url({outside}"), format!("<link href=\"{outside}")];
        assert!(loads.iter().all(|load| !page.contains(load)) && !page.contains("<script"), "{outside}");
    }
    let mut runs = page.split("<article class=\"run\"").skip(1).peekable();
    assert!(runs.peek().is_some());
    let mut count = 0;
    for run in runs {
        count += 1;
        let run = run.split("</article>").next().unwrap();
        let (_, command) = run.split_once("<code>$ ").unwrap();
        let command = words(command.split_once("</code>").unwrap().0).replace("&amp;", "&");
        let command = command.split_whitespace().collect::<Vec<_>>().join(" ");
        // What it printed is what stands after its command, up to the next.
        let (_, said) = printed.split_once(&format!("$ {command}\n")).unwrap_or_else(|| panic!("{command}"));
        let said = said.split("\n$ lw ").next().unwrap();
        // What it does is said before.
        let says = printed.split(&format!("\n$ {command}\n")).next().unwrap().lines().last().unwrap();
        let known = numbers(&[says, &command, said, &written(run, &folder)].join("\n"));
        let shown = words(run.split_once('>').unwrap().1);
        let unknown: Vec<String> = numbers(&shown).difference(&known).cloned().collect();
        assert!(unknown.is_empty(), "{command}: {unknown:?}\n{shown}");
        assert!(!numbers(&shown).is_empty(), "{command}");
    }
    // What stands above the runs is how many there are, and what each of them says.
    let (head, _) = page.split_once("<article").unwrap();
    let provoked = page.matches("<p class=\"outcome\"><span class=\"pill fail\">").count()
        + page.matches("<p class=\"outcome\"><span class=\"pill error\">").count();
    let told = format!("{count} runs, of which {provoked} were made to fail");
    assert!(words(head).contains(&told), "{told}\n{}", words(head));
    assert!(count > 20 && provoked > 8, "{told}");
}

#[test]
fn a_number_that_nobody_wrote_is_found() {
    let known = numbers("109,456 B of 1.1.0, 12.5 %");
    assert_eq!(known, ["1.1.0", "109456", "12.5"].map(str::to_owned).into());
    assert_eq!(words("a<b>1</b>2<wbr/>3 <i x=\"9\">4</i>"), "a 1 23  4 ");
    assert!(!numbers("109,457 B").is_subset(&known));
}

/// What the issue of such a page is: it can be read without a script and by those who do not see its pictures.
#[test]
fn the_pictures_of_the_page_have_words() {
    let (folder, _) = super::demo();
    let page = fs::read_to_string(folder.join("index.html")).unwrap();
    let pictures: Vec<&str> =
        page.split("<svg ").skip(1).map(|rest| rest.split("</svg>").next().unwrap()).collect();
    let drawn = pictures.iter().filter(|svg| svg.contains("role=\"img\"")).count();
    assert!(drawn >= 3, "{drawn} pictures");
    for svg in pictures {
        let told = svg.contains("<title id=") && svg.contains("<desc>") && svg.contains("aria-labelledby=");
        assert!(told || svg.contains("aria-hidden=\"true\""), "{}", svg.split('>').next().unwrap());
    }
    let ids: Vec<&str> =
        page.split(" id=\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0)).collect();
    let unique: BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len(), "an id twice: {ids:?}");
    for link in page.split("href=\"#").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0)) {
        assert!(unique.contains(&link), "{link}");
    }
}
