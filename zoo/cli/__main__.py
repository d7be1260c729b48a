"""`python -m zoo.cli` is `rnn-zoo`."""

from zoo.cli import main

main()
