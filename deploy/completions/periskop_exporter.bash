# Completion of periskop_exporter for bash. The program itself says what may come next.
_periskop_exporter() {
	local current=${COMP_WORDS[COMP_CWORD]}
	local words=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
	# It wants to see the beginning of a flag, but not that of a command.
	[[ $current == -* ]] && words+=("$current")
	COMPREPLY=($(compgen -W "$(periskop_exporter --completion-bash "${words[@]}" 2>/dev/null)" -- "$current"))
}
complete -o default -F _periskop_exporter periskop_exporter
