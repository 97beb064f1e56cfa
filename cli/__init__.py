"""The command line: settings, output and exit codes."""
