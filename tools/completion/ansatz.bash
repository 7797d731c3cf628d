# bash completion for ansatz: commands and options as the program's --help lists them, built-in problems, problem and result files.

# The options of a command, from its help text.
_ansatz_options() {
    { "$1" --help; "$1" "$2" --help; } 2>/dev/null | sed -n '/^[A-Z].*:$/,$s/^ *\(-[a-z], \)\{0,1\}\(--[a-z][a-z-]*\).*/\2/p' | sort -u
}

_ansatz_commands() {
    "$1" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z]*\) .*/\1/p'
}

_ansatz() {
    local program=$1 word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command="" i words="" kinds=""
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} == -* ]] || { command=${COMP_WORDS[i]}; break; }
    done
    if [[ -z $command ]]; then
        words="$(_ansatz_commands "$program") --help --version"
    elif [[ $command == help ]]; then
        words=$(_ansatz_commands "$program")
    elif [[ $word == -* ]]; then
        words=$(_ansatz_options "$program" "$command")
    else
        case $before in
        --trial) words="hardy" ;;
        --method) words="lm lm-qr adam: lbfgs: ssbroyden:" ;;
        --trial) words="mlp element hardy" ;;
        --output | -o | --points | --file | --with) kinds=all ;;
        --set | --over | --values | --seeds | --seed | --threads | --tolerance | --iterations | --seconds | --layers | --stages | --mode | --digits | --max-coefficients | --at | --grid) return ;;
        esac
        if [[ -z $words && -z $kinds ]]; then
            case $command in
            solve | scan | show | check | bench)
                words=$("$program" list 2>/dev/null | sed -n 's/^\([a-z][a-z0-9_-]*\) .*/\1/p')
                kinds=ansatz\|h5 ;;
            *) kinds=h5 ;;
            esac
        fi
    fi
    # shellcheck disable=SC2207
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    [[ -z $kinds ]] && return
    compopt -o filenames 2>/dev/null
    local file
    while IFS= read -r file; do
        [[ ${file##*/} == .* && ${word##*/} != .* ]] && continue
        if [[ -d $file || $kinds == all || $file =~ \.($kinds)$ ]]; then COMPREPLY+=("$file"); fi
    done < <(compgen -f -- "$word")
}
complete -F _ansatz ansatz
