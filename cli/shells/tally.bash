# Completion of tally for bash 4.4 or newer. The program itself is asked for each word.
# What it answers: a line "KIND<tab>WORD<tab>HELP"; a word that ends in /, = or # is not finished.
_tally() {
    local kind word typed=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    while IFS=$'\t' read -r kind word _; do
        case $kind in
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
            word)
                [[ $word == *[/=#] ]] && compopt -o nospace
                [[ $typed == [\'\"]* ]] || printf -v word %q "$word"
                COMPREPLY+=("$word")
                ;;
        esac
    done < <(_TALLY_COMPLETE=bash _TALLY_LINE=${COMP_LINE:0:COMP_POINT} "$1" 2>/dev/null)
}
complete -o nosort -F _tally tally
