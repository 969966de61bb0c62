#!/bin/sh
# need.sh COMMAND PACKAGE...: sees to it that COMMAND is there; where it is not, installs Debian's packages if it may,
# else says in one line what to install.
set -eu
command=$1
shift
if command -v "$command" >/dev/null 2>&1; then
  exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "$command is missing: installing $*"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  exit 0
fi
echo "$command is missing: install $* (as root: apt-get install $*), then try again" >&2
exit 1
