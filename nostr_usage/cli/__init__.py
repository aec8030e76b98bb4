"""The command line: each command a thin layer over a verb.

main      the entry point: which command lives where, errors to exit codes
options   arguments and options that several commands share
output    the only stdout and stderr, tables, JSON, CSV, progress, exit codes
…         one module for each family of commands, loaded when one of them is run
"""
