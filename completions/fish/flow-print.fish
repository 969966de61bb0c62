complete -c flow-print -s f -l format -d 'Format, by number or name [default: the one made for the flows\' version]' -r
complete -c flow-print -s c -l comment-char -d 'Character that begins the header\'s lines' -r
complete -c flow-print -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-print -s p -l header -d 'Print what the header says first'
complete -c flow-print -s n -l names -d 'Names instead of numbers where the format has room for them: ports, protocols, AS numbers, tags'
complete -c flow-print -s w -l wide -d 'Wider columns, in the formats that have them'
complete -c flow-print -s 6 -l ipv6 -d 'Columns of addresses wide enough for IPv6, 39 characters (prefixes: 43); without it, longer addresses push the rest of their line to the right'
complete -c flow-print -s l -l unbuffered -d 'Write flows out as they come in'
complete -c flow-print -s h -l help -d 'Print help'
complete -c flow-print -l version -d 'Print version'
