#compdef @PROGRAM@
# Completion for zsh: that of bash, run by zsh.
(( $+functions[complete] )) || { autoload -U +X bashcompinit && bashcompinit }
(( $+functions[_groundnut] )) || source @PREFIX@/share/bash-completion/completions/@PROGRAM@
_bash_complete -F _groundnut
