# Completion of tally for fish. The program itself is asked for each word.
# What it answers: a line "KIND<tab>WORD<tab>HELP"; fish adds no space after a / or =.
function __tally
    set -l line (commandline -cp | string collect)
    set -l program (commandline -opc)[1]
    for answer in (env _TALLY_COMPLETE=fish _TALLY_LINE=$line $program 2>/dev/null)
        set -l parts (string split -m 2 \t -- $answer)
        switch $parts[1]
            case file
                __fish_complete_path (commandline -ct)
            case dir
                __fish_complete_directories (commandline -ct)
            case word
                printf '%s\t%s\n' $parts[2] $parts[3]
        end
    end
end
complete -c tally -e
complete -c tally -f -k -a '(__tally)'
