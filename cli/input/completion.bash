# Completion of kinesis-key-rotation for bash. It needs no other package.
_kinesis_key_rotation() {
    local line=${COMP_LINE:0:COMP_POINT} words=() value prefix='' candidate
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=('')
    value=${words[${#words[@]} - 1]}
    value=${value#--*=}
    # Bash replaces only the part of a word after the last of these characters.
    [[ $COMP_WORDBREAKS == *:* ]] && prefix=${value%"${value##*:}"}
    COMPREPLY=()
    while IFS=$'\t' read -r candidate _; do
        # The last line is a directive such as :4.
        [[ $candidate == :* || $candidate != "$value"* ]] && continue
        COMPREPLY+=("${candidate#"$prefix"}")
    done < <(kinesis-key-rotation complete -- "${words[@]:1}" 2> /dev/null)
}
complete -F _kinesis_key_rotation kinesis-key-rotation
