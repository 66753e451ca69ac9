# What the two drop-in scripts share: Go's flag syntax, and a configuration in YAML of which every
# key must be accounted for.
#
# REQUIRES: $me is the script's name, $lib the folder of this file.
# shellcheck disable=SC2154  # set by the script

say() { printf '%s: %s\n' "$me" "$*" >&2; }
die() {
  say "$@"
  exit 2
}

# go_flags ARG…: splits a command line as Go's flag package does. $flag_values and $flag_switches
# (space-separated names) say what takes a value and what is a switch; each flag goes to
# `on_flag NAME VALUE`.
go_flags() {
  local arg name value
  while (($# > 0)); do
    arg=$1
    shift
    [[ $arg != -- ]] || break
    [[ $arg == -?* ]] || die "unexpected argument '$arg'; '$me -help' lists the flags"
    name=${arg#-}
    name=${name#-}
    value=
    if [[ $name == *=* ]]; then
      value=${name#*=}
      name=${name%%=*}
      if [[ " $flag_switches " == *" $name "* ]]; then
        case $value in
          1 | t | T | true | TRUE | True) value=true ;;
          0 | f | F | false | FALSE | False) value=false ;;
          *) die "-$name: '$value' is neither true nor false" ;;
        esac
      fi
    elif [[ " $flag_switches " == *" $name "* ]]; then
      value=true
    elif [[ " $flag_values " == *" $name "* ]]; then
      (($# > 0)) || die "-$name needs a value"
      value=$1
      shift
    fi
    [[ " $flag_switches $flag_values " == *" $name "* ]] ||
      die "no flag -$name; '$me -help' lists the flags"
    on_flag "$name" "$value"
  done
  (($# == 0)) || die "unexpected argument '$1'; '$me -help' lists the flags"
}

# --- the configuration ---
# Pointers (/clients/0/url) are the names of values, as yaml.awk prints them.
declare -A yaml_value=() yaml_kind=() yaml_line=() yaml_taken=()
yaml_order=()
yaml_file=

# load_yaml FILE EXPAND_ENV(0|1)
load_yaml() {
  local out line kind pointer value
  yaml_file=$1
  [[ -r $1 ]] || die "$1: cannot read this file"
  if ! out=$(LC_ALL=C awk -v "expand_env=$2" -f "$lib/yaml.awk" <"$1" 2>/dev/null); then
    die "$1:$(LC_ALL=C awk -v "expand_env=$2" -f "$lib/yaml.awk" <"$1" 2>&1 >/dev/null)"
  fi
  while IFS=$'\t' read -r line kind pointer value; do
    [[ -n $line ]] || continue
    printf -v value '%b' "$value"
    yaml_order+=("$pointer")
    yaml_line[$pointer]=$line
    yaml_kind[$pointer]=$kind
    yaml_value[$pointer]=$value
  done <<<"$out"
}

# /clients/0/url as clients[0].url
shown() {
  local part text=
  local -a parts
  IFS=/ read -ra parts <<<"${1#/}"
  for part in "${parts[@]}"; do
    if [[ $part =~ ^[0-9]+$ ]]; then text+="[$part]"; else text+="${text:+.}$part"; fi
  done
  part=${text//\~1//}
  printf '%s' "${part//\~0/\~}"
}

# The line of a pointer, or of the first value below it.
line_at() {
  local pointer
  for pointer in "${yaml_order[@]}"; do
    if [[ $pointer == "$1" || $pointer == "$1"/* ]]; then
      printf '%s' "${yaml_line[$pointer]}"
      return
    fi
  done
}

refuse() { # POINTER WHY
  die "$yaml_file:$(line_at "$1"): $(shown "$1"): $2"
}

has() { # POINTER: it, or something below it, is there
  local pointer
  for pointer in "${yaml_order[@]}"; do
    [[ $pointer != "$1" && $pointer != "$1"/* ]] || return 0
  done
  return 1
}

# take POINTER: sets $REPLY to its value and counts it as accounted for; false if it is not there.
take() {
  [[ -v yaml_value[$1] ]] || return 1
  REPLY=${yaml_value[$1]}
  # shellcheck disable=SC2034  # scripts/loki looks at it
  yaml_taken[$1]=1
}

# take_text POINTER: a scalar that is not null.
take_text() {
  take "$1" || return 1
  [[ ${yaml_kind[$1]} == plain || ${yaml_kind[$1]} == quoted ]] || refuse "$1" "a value was expected"
}

take_bool() { # sets $REPLY to true or false
  take_text "$1" || return 1
  [[ $REPLY == true || $REPLY == false ]] || refuse "$1" "'$REPLY' is neither true nor false"
}

# The names directly below a pointer, one a line, in order; keys still as in a pointer.
below() {
  local pointer name last=
  for pointer in "${yaml_order[@]}"; do
    [[ $pointer == "$1"/* ]] || continue
    name=${pointer#"$1"/}
    name=${name%%/*}
    [[ $name == "$last" ]] || printf '%s\n' "$name"
    last=$name
  done
}
