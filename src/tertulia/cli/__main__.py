"""`python -m tertulia.cli` is the `tertulia` program."""

from tertulia.cli import main

main()
