"""`python -m cli`, which `wa` becomes once its environment is there."""

from cli.main import main

main()
