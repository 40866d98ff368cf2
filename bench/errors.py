"""What can go wrong in a measurement.

BenchError
├── NotHere        a program is not on this machine and cannot be had
├── ServerFailed   a server did not start, or ended while it was measured
└── WrongAnswer    an answer was not the one the row asks for, so there is no figure
"""


class BenchError(Exception):
    """The base of every error a measurement raises; its text is a sentence for the reader of the table."""


class NotHere(BenchError):
    """A program is not on this machine; the text says how to get it."""


class ServerFailed(BenchError):
    """A server did not become ready, or ended before it was told to."""


class WrongAnswer(BenchError):
    """A server answered with another status, length or content than expected, or did not answer in time."""
