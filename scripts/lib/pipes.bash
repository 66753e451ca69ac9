# Runs pipes as a service does: a stop reaches the readers, and what they read still goes through;
# when a part dies, the rest is ended and its code is the result.
#
# REQUIRES: say and die of drop-in.bash.
# shellcheck disable=SC2154  # set by the script

# find_tools HERE: the tools installed beside a script, or built in its tree, or on PATH.
find_tools() {
  local place
  for place in "$1" "$1/../build/release/bin"; do
    if command -v glp-tail >/dev/null; then return; fi
    if [[ -x $place/glp-tail ]]; then PATH=$place:$PATH; fi
  done
  command -v glp-tail >/dev/null || die "no glp-tail beside this script or on PATH"
}

# show_pipes WORD…: as a shell would be given them.
show_pipes() {
  local word line=
  for word in "$@" '||'; do
    case $word in
      '||')
        printf '%s\n' "$line"
        line=
        ;;
      '|') line+=$' |\n  ' ;;
      *)
        [[ -z $line || $line == *'  ' ]] || line+=' '
        if [[ $word =~ ^[A-Za-z0-9_./:=,@%+-]+$ ]]; then
          line+=$word
        else
          line+="'${word//\'/\'\\\'\'}'"
        fi
        ;;
    esac
  done
}

# run_pipes WORD…: parts are separated by '|', pipes by '||'. Ends the script with its result.
# The first part of each pipe reads this script's standard input.
run_pipes() {
  local -A name_of=() head_of=() # by process id
  local -a heads=()
  local folder code=0 stage=0 timer=
  folder=$(mktemp -d) || die "no folder for the pipes' names in ${TMPDIR:-/tmp}"
  exec 3<&0

  # The stages of stopping: the readers are asked, and what they read flows out; after a while
  # everything is asked; then it is ended.
  stop() {
    case $stage in
      0)
        stage=1
        ((${#heads[@]} == 0)) || kill -TERM "${heads[@]}" 2>/dev/null
        sleep 10 &
        timer=$!
        ;;
      1)
        stage=2
        kill -TERM "${!name_of[@]}" 2>/dev/null
        sleep 5 &
        timer=$!
        ;;
      *) kill -KILL "${!name_of[@]}" 2>/dev/null ;;
    esac
  }
  trap '((stage > 0)) || stop' TERM INT HUP

  local word pipe=0 part=0 input output
  local -a command=()
  local -a words=("$@" '||')
  for word in "${words[@]}"; do
    if [[ $word != '|' && $word != '||' ]]; then
      command+=("$word")
      continue
    fi
    input=$folder/$pipe.$part
    output=$folder/$pipe.$((part + 1))
    if [[ $word == '|' ]]; then mkfifo "$output" || die "no pipe could be made in $folder"; fi
    # Each opens its own ends, which waits for its neighbour: so the shell itself never waits.
    if [[ $part -eq 0 && $word == '|' ]]; then
      (exec "${command[@]}" <&3 3<&- >"$output") &
    elif [[ $part -eq 0 ]]; then
      (exec "${command[@]}" <&3 3<&-) &
    elif [[ $word == '|' ]]; then
      (exec "${command[@]}" 3<&- <"$input" >"$output") &
    else
      (exec "${command[@]}" 3<&- <"$input") &
    fi
    name_of[$!]=${command[0]}
    if [[ $part -eq 0 ]]; then heads+=("$!"); fi
    head_of[$!]=${heads[-1]}
    command=()
    part=$((part + 1))
    if [[ $word == '||' ]]; then
      pipe=$((pipe + 1))
      part=0
    fi
  done

  local ended result
  while ((${#name_of[@]} > 0)); do
    ended=
    wait -n -p ended "${!name_of[@]}" ${timer:+"$timer"}
    result=$?
    if [[ -z ${ended-} ]]; then
      # A signal came. Or bash has taken in a part that ended and no longer tells of it here.
      for ended in "${!name_of[@]}"; do
        if ! kill -0 "$ended" 2>/dev/null; then break; fi
        ended=
      done
      if [[ -z $ended ]]; then continue; fi
      wait "$ended"
      result=$?
    fi
    if [[ $ended == "$timer" ]]; then
      timer=
      stop
      continue
    fi
    if [[ ${name_of[$ended]} == glp-filter ]] && ((result == 1)); then result=0; fi
    if ((result == 3)); then
      if ((code == 0)); then code=3; fi
    elif ((result != 0)) && { ((stage == 0)) || ((result < 128)); }; then
      if ((stage == 0)); then say "${name_of[$ended]} ended with $result; stopping"; fi
      if ((code == 0 || code == 3)); then code=$result; fi
      ((stage > 0)) || stop
    elif ((result != 0 && code == 0)); then
      # Killed while stopping: what it held was not delivered.
      if ((stage > 1)); then code=$result; fi
    elif ((stage == 0)) && [[ ${head_of[$ended]} != "$ended" && -v name_of[${head_of[$ended]}] ]]; then
      # A part that ends well before its reader does has no use for more.
      stop
    fi
    unset "name_of[$ended]"
  done
  [[ -z $timer ]] || kill "$timer" 2>/dev/null
  rm -rf "$folder"
  exit "$code"
}
