//! Who wrote it? Feeds write a person in one line, in half a dozen ways.

use crate::model::Person;

/// Reads a line: `Name`, `mail@example.org (Name)`, `Name <mail@example.org>`, `Name (mail@example.org)`,
/// `mail@example.org Name`, `mailto:…`. Returns `None` where nothing is left of it.
pub fn parse(line: &str) -> Option<Person> {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mail = line
        .split([' ', '(', ')', '<', '>', ',', ';', '"', '[', ']'])
        .find(|word| is_mail(word.trim_start_matches("mailto:")));
    let Some(mail) = mail else {
        return named(&line);
    };
    let name = line.replacen(mail, "", 1);
    let name = name.replace("()", "").replace("<>", "").replace("[]", "");
    let name = name.trim();
    let inner = name.strip_prefix('(').and_then(|name| name.strip_suffix(')')).unwrap_or(name);
    let name = inner.trim_matches([' ', ',', ';', '"', '-', ':']).trim();
    Some(Person { name: name.to_owned(), email: Some(mail.trim_start_matches("mailto:").to_owned()), uri: None })
}

fn named(name: &str) -> Option<Person> {
    let name = name.trim_matches(['"', ' ', ',']);
    // RSS that means "no mail": `(Name)` or `<> (Name)`.
    let name = name.strip_prefix("<>").unwrap_or(name).trim();
    let name = match name.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) if !inner.contains(['(', ')']) => inner,
        _ => name,
    };
    (!name.is_empty()).then(|| Person { name: name.to_owned(), ..Person::default() })
}

fn is_mail(word: &str) -> bool {
    let Some((user, host)) = word.split_once('@') else { return false };
    !user.is_empty()
        && !user.contains('/')
        && host.contains('.')
        && !host.contains('@')
        && !host.starts_with('.')
        && !host.ends_with('.')
}

/// Adds a person, unless one of that name or address is known; what is new of them is kept.
pub fn add(people: &mut Vec<Person>, person: Person) {
    if person.name.is_empty() && person.email.is_none() && person.uri.is_none() {
        return;
    }
    let same = |known: &&mut Person| {
        let named = !person.name.is_empty() && known.name.eq_ignore_ascii_case(&person.name);
        let mailed =
            person.email.is_some() && known.email == person.email && (known.name.is_empty() || person.name.is_empty());
        // An address that stands where the name should, beside one that tells the name.
        let bare = person.email.as_deref().is_some_and(|mail| known.name == mail);
        named || mailed || bare
    };
    match people.iter_mut().find(same) {
        Some(known) => {
            if known.name.is_empty() || known.name.contains('@') && !person.name.is_empty() {
                known.name = person.name;
            }
            known.email = known.email.take().or(person.email);
            known.uri = known.uri.take().or(person.uri);
        }
        None => people.push(person),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persons_in_a_line() {
        let check = |given: &str, name: &str, email: Option<&str>| {
            let person = parse(given).unwrap();
            assert_eq!((person.name.as_str(), person.email.as_deref()), (name, email), "{given:?}");
        };
        check("Ann", "Ann", None);
        check("ann@example.org (Ann Other)", "Ann Other", Some("ann@example.org"));
        check("Ann Other <ann@example.org>", "Ann Other", Some("ann@example.org"));
        check("Ann Other (ann@example.org)", "Ann Other", Some("ann@example.org"));
        check("mailto:ann@example.org", "", Some("ann@example.org"));
        check("ann@example.org", "", Some("ann@example.org"));
        check("Author name)", "Author name)", None);
        check("@ann", "@ann", None);
        check("noreply@blogger.com (Ann (Anna) Other)", "Ann (Anna) Other", Some("noreply@blogger.com"));
        assert_eq!(parse("  "), None);
    }

    #[test]
    fn one_person_is_added_once() {
        let mut people = Vec::new();
        for line in ["Ann", "ann@example.org (Ann)", "Bob", "ANN"] {
            add(&mut people, parse(line).unwrap());
        }
        assert_eq!(people.len(), 2);
        assert_eq!(people[0].email.as_deref(), Some("ann@example.org"));
    }
}
