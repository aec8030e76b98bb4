"""The command line: each command a thin layer over a verb.

start     the entry point: looks that must answer at once, everything else to click; errors to exit codes
main      which command lives where
options   arguments and options that several commands share
choosing  which account, stream or entry an argument means
secret_input  secret keys from the environment, a file or a hidden prompt; never from arguments
output    the only stdout and stderr, tables, JSON, CSV, progress, exit codes
…         one module for each family of commands, loaded when one of them is run
"""
