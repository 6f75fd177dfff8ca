//! The page is complete: each id of the list has a row, and each row a test.
