//! A terminal for programs that look whether a person sits there.

use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// A pseudo-terminal: this is the side of the person.
pub struct Terminal {
    person: File,
    program: PathBuf,
}

impl Terminal {
    /// A new one.
    pub fn open() -> Terminal {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let program = ptsname(&person, Vec::new()).unwrap().into_string().unwrap().into();
        Terminal { person: person.into(), program }
    }

    /// The side of the program, for one of its standard streams.
    pub fn end(&self) -> File {
        File::options().read(true).write(true).open(&self.program).unwrap()
    }

    /// What is printed until `text` was.
    pub fn read_until(&mut self, text: &str) -> String {
        let mut printed = Vec::new();
        let mut byte = [0];
        while !String::from_utf8_lossy(&printed).ends_with(text) {
            self.person.read_exact(&mut byte).unwrap_or_else(|error| {
                panic!("{text:?} was not printed ({error}); this was: {}", String::from_utf8_lossy(&printed))
            });
            printed.push(byte[0]);
        }
        String::from_utf8(printed).unwrap().replace("\r\n", "\n")
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) {
        self.person.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Everything that is printed until the last program has closed its side, with plain line ends.
    pub fn read_to_end(&mut self) -> String {
        let mut text = Vec::new();
        // The kernel reports the end as an error; what came before it has been read.
        let _ = self.person.read_to_end(&mut text);
        String::from_utf8(text).unwrap().replace("\r\n", "\n")
    }
}
