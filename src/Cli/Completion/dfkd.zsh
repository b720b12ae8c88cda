#compdef dfkd
# zsh completion of dfkd. In ~/.zshrc, after compinit: eval "$(dfkd completion zsh)"
_dfkd() {
    local line="${(j: :)words[1,CURRENT-1]} $PREFIX"
    local -a found
    found=(${(f)"$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)"})
    if [[ $PREFIX == -* ]]; then
        found=(${(M)found:#-*})
    else
        # Neither options nor help's names on Windows.
        found=(${found:#[-/]*})
    fi
    # Where dfkd has nothing to offer, zsh offers files.
    if (( $#found )); then
        compadd -- $found
    else
        _files
    fi
}
if [[ ${funcstack[1]} == _dfkd ]]; then
    _dfkd "$@"
else
    compdef _dfkd dfkd
fi
