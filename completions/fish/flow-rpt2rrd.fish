complete -c flow-rpt2rrd -s k -l keys -d 'The keys that get an RRD; totals is the report\'s line of totals' -r
complete -c flow-rpt2rrd -s K -l keys-file -d 'Further keys, from a file: words; # begins a comment' -r -F
complete -c flow-rpt2rrd -s f -l fields -d 'The columns that are kept' -r
complete -c flow-rpt2rrd -s p -l path -d 'The RRDs\' folder' -r -F
complete -c flow-rpt2rrd -s P -l postfix -d 'What stands behind the key in a file\'s name' -r
complete -c flow-rpt2rrd -s r -l rows -d 'Rows kept of 1, 6, 24 and 288 steps (5 minutes, half an hour, 2 hours, a day)' -r
complete -c flow-rpt2rrd -l step -d 'Seconds a step' -r
complete -c flow-rpt2rrd -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-rpt2rrd -l all -d 'An RRD for every key there is'
complete -c flow-rpt2rrd -s n -l names -d 'Names instead of numbers: ports, protocols, AS numbers, tags'
complete -c flow-rpt2rrd -s v -l verbose -d 'Say what is put where'
complete -c flow-rpt2rrd -s h -l help -d 'Print help'
complete -c flow-rpt2rrd -l version -d 'Print version'
