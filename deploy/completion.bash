# Completion of groundnut-relay and groundnut-agent for bash. Commands, options and their values are read from --help; names of accounts and
# mappings from the configuration.

# --help with its long lines whole again.
_groundnut_help() {
	local text
	text=$("$@" --help 2>/dev/null) && sed -E ':a;N;$!ba;s/\n( {20,}| {4}(\[))/ \2/g' <<<"$text"
}

# The words of "tcp, udp, http or tls" or "text (the default) or json"; nothing when help lists no plain words.
_groundnut_values() {
	local text
	text=$(sed -E 's/ \([^)]*\)//g; s/,? or /, /; s/;.*//' <<<"$1")
	[[ $text =~ ^[a-z0-9-]+(, [a-z0-9-]+)+$ ]] && echo "${text//, / }"
}

# What the option $2 wants after it, by the help in $1: "FORM<tab>HELP", empty for a switch or an unknown option.
_groundnut_option() {
	[[ $2 != -* || $2 == */* ]] || sed -nE "s/^ +(-[a-z], )?${2}( ([A-Z][^ ]*))? +(.*)/\3\t\4/p; s/^ +${2}, --[a-z-]+( ([A-Z][^ ]*))? +(.*)/\2\t\3/p" <<<"$1" | head -n 1
}

# The configuration that the line names, else the default one.
_groundnut_config() {
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-c | --config) [ "${COMP_WORDS[i + 1]}" != = ] && echo "${COMP_WORDS[i + 1]}" || echo "${COMP_WORDS[i + 2]}"; return ;;
		esac
	done
	[ "$(id -u)" = 0 ] && echo "/etc/groundnut/$1.json" || echo "${XDG_CONFIG_HOME:-$HOME/.config}/groundnut/$1.json"
}

# The names that may stand where a command's usage says NAME.
_groundnut_names() {
	local file
	case $1,$2 in
	*relay,'agent remove') file=$(_groundnut_config relay) && "$1" agent list -c "${file/#\~/$HOME}" 2>/dev/null | sed 's/ .*//' ;;
	*relay,account*) file=$(_groundnut_config relay) && "$1" account list -c "${file/#\~/$HOME}" 2>/dev/null | sed 's/ .*//' ;;
	*agent,*) file=$(_groundnut_config agent) && sed -nE 's/.*"name": *"([^"]*)".*/\1/p' "${file/#\~/$HOME}" 2>/dev/null ;;
	esac
}

_groundnut() {
	local program=$1 current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local all names command='' words=() help usage i wants form
	[ "$current" != = ] || current=
	[ "$before" != = ] || before=${COMP_WORDS[COMP_CWORD - 2]}
	COMPREPLY=()
	all=$(_groundnut_help "$program") || return
	names=$(sed -n '/^Commands:/,/^$/p' <<<"$all" | sed -nE 's/^  ([a-z]+( [a-z]+)*)( [^a-z].*|$)/\1/p')
	# The words before this one, without options and what belongs to them; the longest command that they begin with.
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		=) i=$((i + 1)) ;;
		-*) wants=$(_groundnut_option "${help:-$all}" "${COMP_WORDS[i]}"); [ -z "${wants%%$'\t'*}" ] || [ "${COMP_WORDS[i + 1]}" = = ] || i=$((i + 1)) ;;
		*) words+=("${COMP_WORDS[i]}"); ! grep -qxF -- "${words[*]}" <<<"$names" || { command=${words[*]}; help=$(_groundnut_help "$program" ${words[@]}); } ;;
		esac
	done
	help=${help:-$all}
	wants=$(_groundnut_option "$help" "$before")
	form=${wants%%$'\t'*}
	if [[ $before == -* && -n $form ]]; then
		case $form in
		FILE) COMPREPLY=($(compgen -f -- "$current")) ;;
		DIR) COMPREPLY=($(compgen -d -- "$current")) ;;
		*) COMPREPLY=($(compgen -W "$(_groundnut_values "${wants#*$'\t'}")" -- "$current")) ;;
		esac
	elif [[ $current == -* ]]; then
		COMPREPLY=($(compgen -W "$(grep -oE '^ +(-[a-z], )?--[a-z-]+' <<<"$help" | grep -oE -- '--[a-z-]+')" -- "$current"))
	elif [ -z "$command" ]; then
		# The next word of each command that begins with the words so far.
		COMPREPLY=($(compgen -W "$(sed -n "s/^${words[*]}${words:+ }//p" <<<"$names" | cut -d' ' -f1 | sort -u)" -- "$current"))
	else
		i=($command)
		usage=$(sed -nE "1s/^Usage: [^ ]+ $command ?//p" <<<"$help")
		usage=($usage)
		case ${usage[${#words[@]} - ${#i[@]}]} in
		NAME | ACCOUNT/AGENT)
			[ "$command" = 'account add' ] ||
				COMPREPLY=($(compgen -W "$(_groundnut_names "$program" "$command")" -- "$current"))
			;;
		esac
	fi
}
complete -F _groundnut groundnut-relay groundnut-agent
