# Sourced by the commands beside it. `prepare_environment run|dev` makes a virtual environment inside the checkout
# (or at $NOSTR_USAGE_VENV), installs the locked packages and this project into it, and puts it first in PATH.
# Nothing is written elsewhere but pip's cache, and no package is taken whose hash is not in scripts/lock.
# Where that cannot be had, it says what to do and exits with 2.

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${NOSTR_USAGE_VENV:-$checkout/.venv}
case $venv in /*) ;; *) venv=$PWD/$venv ;; esac

# What a shell may have set and would send packages elsewhere, or bring others in.
unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_USER PIP_REQUIRE_VIRTUALENV
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore

say() { printf '%s\n' "$@" >&2; }

give_up() { # lines
  say "$@"
  exit 2
}

prepare_environment() { # run | dev
  local wanted=$1 lock=$checkout/scripts/lock stamp=$venv/nostr-usage/stamp started=$SECONDS sum
  sum="$(cat "$lock"/*.txt "$checkout/pyproject.toml" | cksum) $checkout"
  # What dev has is enough for run.
  if ! { [ -x "$venv/bin/python" ] && grep -qsxF -e "$wanted $sum" -e "dev $sum" "$stamp"; }; then
    check_venv
    rm -f "$stamp"
    install "what builds packages" --require-hashes -r "$lock/build.txt"
    install "$(grep -c == "$lock/$wanted.txt") locked packages (up to a minute)" \
      --require-hashes --no-build-isolation -r "$lock/$wanted.txt"
    install "nostr-usage, from this checkout" --no-index --no-deps --no-build-isolation --editable "$checkout"
    printf '%s\n' "$wanted $sum" >"$stamp"
    say "Ready after $((SECONDS - started)) s"
  fi
  export VIRTUAL_ENV=$venv PATH=$venv/bin:$PATH
}

check_venv() {
  if is_supported "$venv/bin/python"; then
    mkdir -p "$venv/nostr-usage"
  elif [ ! -e "$venv" ] || [ -d "$venv/nostr-usage" ] || [ -z "$(ls -A "$venv")" ]; then
    make_venv
  else
    give_up "$venv is there already, but is no environment with Python 3.11, 3.12 or 3.13." \
      "Remove it, or name another place: NOSTR_USAGE_VENV=$checkout/.venv-other"
  fi
}

make_venv() {
  local output
  find_base_python
  say "Making $venv with $("$base_python" --version)"
  # Debian splits ensurepip off; an environment without pip is as good where there is a pip outside of it.
  output=$("$base_python" -m venv --clear "$venv" 2>&1) ||
    output=$("$base_python" -m pip --version 2>&1 && "$base_python" -m venv --clear --without-pip "$venv" 2>&1) ||
    give_up "$output" "$base_python cannot make a virtual environment." \
      "On Debian and Ubuntu: apt-get install python3-venv, then repeat the command."
  mkdir -p "$venv/nostr-usage"
}

find_base_python() {
  local name
  for name in python3 python3.13 python3.12 python3.11 python; do
    base_python=$(command -v "$name") && is_supported "$base_python" && return
  done
  give_up "Python 3.11, 3.12 or 3.13 is needed; python3 here is: $(python3 --version 2>&1)" \
    "On Debian and Ubuntu: apt-get install python3 python3-venv, then repeat the command."
}

is_supported() { # a python
  "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null
}

install() { # what to say, then arguments of `pip install`
  local what=$1 log=$venv/nostr-usage/install.log pip=("$venv/bin/python" -m pip)
  shift
  say "Installing $what"
  if ! "${pip[@]}" --version >/dev/null 2>&1; then
    find_base_python
    pip=("$base_python" -m pip --python "$venv/bin/python")
  fi
  "${pip[@]}" install --progress-bar off "$@" >"$log" 2>&1 && return
  grep -vE '^WARNING: Retrying|Expected +or ' "$log" | tail -n 6 >&2
  say "Installing $what failed; all of pip's words are in $log"
  if grep -q 'DO NOT MATCH THE HASHES' "$log"; then
    give_up "The package index serves other files than the locked ones: do not go on with it."
  elif grep -qE 'No module named pip|no such option' "$log"; then
    give_up "On Debian and Ubuntu: apt-get install python3-venv, remove $venv, repeat the command."
  fi
  give_up "If it is the network, connect and repeat the command: what is installed already is kept."
}
