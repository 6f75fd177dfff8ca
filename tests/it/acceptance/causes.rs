//! Rows about each cause of a refusal, brought about and mended by the command that the refusal names.
