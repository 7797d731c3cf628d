#!/usr/bin/env bash
# The command line: every wrong usage is refused with its message, every command does what its help says.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/cli/run.sh" "${ANSATZ:-$here/../build/ansatz}" "$@"
