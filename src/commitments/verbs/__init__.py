"""What ``commitments …`` and a host's own command both call: from the words of a command line to rows to print.

Nothing here prints, and nothing reads the environment: everything comes in as arguments.
"""
