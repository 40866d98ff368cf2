"""The commands, one file for each noun: they read options, call an operation and print what became of it."""
