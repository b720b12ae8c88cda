# fish completion of dfkd. In ~/.config/fish/config.fish: dfkd completion fish | source
function __dfkd_complete
    set -l line (commandline -cp | string collect)
    set -l word (commandline -ct | string collect)
    set -l length (string length -- "$line")
    set -l found (dfkd "[suggest:$length]" "$line" 2>/dev/null)
    if string match -q -- '-*' "$word"
        string match -- '-*' $found
        return
    end
    # Neither options nor help's names on Windows.
    set found (string match -r -- '^[^-/].*' $found)
    # Where dfkd has nothing to offer, fish offers files.
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$word"
    end
end
complete -c dfkd -f -a '(__dfkd_complete)'
