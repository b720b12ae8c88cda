# bash completion of dfkd. In ~/.bashrc: eval "$(dfkd completion bash)"
_dfkd() {
    local word=${COMP_WORDS[COMP_CWORD]} line=${COMP_LINE:0:COMP_POINT} found
    COMPREPLY=()
    while IFS= read -r found; do
        case $found in
            '' | /*) continue ;; # nothing at all, and help's names on Windows
            -*) [[ $word == -* ]] || continue ;;
            *) [[ $word != -* ]] || continue ;;
        esac
        [[ $found == "$word"* ]] && COMPREPLY+=("$found")
    done < <("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null)
}
# Where dfkd has nothing to offer, bash offers files.
complete -o default -F _dfkd dfkd
