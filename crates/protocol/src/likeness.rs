//! Whether a new device may be an old one that lost its key: a browser whose storage was cleared, an app installed
//! anew. Strangers choose names, so this is a question for the owner and never an answer.

use std::fmt::Display;

use crate::words::Words;

/// What a device looks like from outside.
#[derive(Clone, Debug)]
pub struct Likeness<'a> {
    /// `client.id`.
    pub client: Option<&'a Words>,
    /// `client.platform`.
    pub platform: Option<&'a Words>,
    /// Its name for itself.
    pub name: Option<&'a Words>,
    /// Its own address, where that is known.
    pub place: Option<String>,
}

impl<'a> Likeness<'a> {
    /// From the parts, the address in whatever form it is at hand.
    #[must_use]
    pub fn new(
        client: Option<&'a Words>,
        platform: Option<&'a Words>,
        name: Option<&'a Words>,
        place: Option<impl Display>,
    ) -> Self {
        Self { client, platform, name, place: place.map(|place| place.to_string()) }
    }

    /// Whether both come from the same address, as far as both are known.
    #[must_use]
    pub fn same_place(&self, other: &Self) -> bool {
        self.place.is_some() && self.place == other.place
    }

    /// Whether `old` may be this one: of the same program, platform and name. Programs without a name of their own are
    /// alike everywhere; a place tells them apart.
    #[must_use]
    pub fn may_be(&self, old: &Self) -> bool {
        self.client.is_some()
            && self.client == old.client
            && self.platform == old.platform
            && self.name == old.name
            && (self.name.is_some() || self.same_place(old))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_program_on_the_same_machine_under_the_same_name() {
        let words = |text: &str| Words::some(text);
        let rows = [
            (["page", "Linux", "Kitchen", "10.0.0.2"], ["page", "Linux", "Kitchen", "10.0.0.3"], true),
            (["page", "Linux", "Kitchen", ""], ["page", "Linux", "Hall", ""], false),
            (["page", "Linux", "Kitchen", ""], ["page", "macOS", "Kitchen", ""], false),
            (["page", "Linux", "Kitchen", ""], ["cli", "Linux", "Kitchen", ""], false),
            (["cli", "linux", "", "10.0.0.2"], ["cli", "linux", "", "10.0.0.2"], true),
            (["cli", "linux", "", "10.0.0.2"], ["cli", "linux", "", "10.0.0.3"], false),
            (["cli", "linux", "", ""], ["cli", "linux", "", ""], false),
            (["", "linux", "x", ""], ["", "linux", "x", ""], false),
        ];
        for (new, old, alike) in rows {
            let [new_words, old_words] = [new, old].map(|row| row.map(words));
            let likeness = |row: &'static str, [client, platform, name, _]: &'_ [Option<Words>; 4]| {
                let place = Some(row).filter(|place| !place.is_empty()).map(str::to_owned);
                (client.clone(), platform.clone(), name.clone(), place)
            };
            let (a, b) = (likeness(new[3], &new_words), likeness(old[3], &old_words));
            let a = Likeness::new(a.0.as_ref(), a.1.as_ref(), a.2.as_ref(), a.3.as_ref());
            let b = Likeness::new(b.0.as_ref(), b.1.as_ref(), b.2.as_ref(), b.3.as_ref());
            assert_eq!(a.may_be(&b), alike, "{new:?} {old:?}");
        }
    }
}
