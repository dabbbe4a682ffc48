from spamguard.cli import main

main()
