complete -c flow-log2rrd -s p -l path -d 'The RRDs\' folder' -r -F
complete -c flow-log2rrd -l step -d 'Seconds a step: how often there is a line' -r
complete -c flow-log2rrd -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-log2rrd -s h -l help -d 'Print help'
complete -c flow-log2rrd -l version -d 'Print version'
