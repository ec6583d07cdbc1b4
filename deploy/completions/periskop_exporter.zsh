#compdef periskop_exporter
# Completion of periskop_exporter for zsh. The program itself says what may come next.
local -a before=("${(@)words[2,CURRENT-1]}")
# It wants to see the beginning of a flag, but not that of a command.
[[ ${words[CURRENT]} == -* ]] && before+=("${words[CURRENT]}")
compadd -- ${(f)"$(periskop_exporter --completion-bash $before 2>/dev/null)"} || _files
