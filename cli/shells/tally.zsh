#compdef tally
# Completion of tally for zsh. The program itself is asked for each word.
# What it answers: a line "KIND<tab>WORD<tab>HELP"; a word that ends in /, = or # is not finished.
_tally() {
    local kind word help
    local -a finished begun
    while IFS=$'\t' read -r kind word help; do
        case $kind in
            file) _files ;;
            dir) _files -/ ;;
            word)
                [[ -n $help ]] && help=":$help"
                if [[ $word == *[/=\#] ]]; then
                    begun+=("${word//:/\\:}$help")
                else
                    finished+=("${word//:/\\:}$help")
                fi
                ;;
        esac
    done < <(_TALLY_COMPLETE=zsh _TALLY_LINE="${(j: :)words[1,CURRENT-1]} $PREFIX" $words[1] 2>/dev/null)
    (( $#begun )) && _describe -V -t tally-begun tally begun -S ''
    (( $#finished )) && _describe -V -t tally tally finished
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _tally "$@"
else
    compdef _tally tally
fi
