complete -c flow-fanout -s A -l replace-as0 -d 'Put the autonomous system AS where a flow\'s is 0' -r
complete -c flow-fanout -s f -l filter-file -d 'The file of filters, as flow-nfilter reads it [default: filter.cfg, with -F]' -r -F
complete -c flow-fanout -s F -l filter -d 'Take only the flows that this filter-definition matches [default: default, with -f]' -r
complete -c flow-fanout -s m -l mask -d 'Keep only these bits of IPv4 source and destination addresses: 255.255.255.0, 0xffffff00 or /24' -r
complete -c flow-fanout -s p -l pid-file -d 'Write the process number to FILE.PORT; - is none [default: /var/run/flow-fanout.pid]' -r -F
complete -c flow-fanout -s S -l stat -d 'Say every so many minutes what each exporter sent, what of it was lost, and what each destination got (0: never)' -r
complete -c flow-fanout -s V -l export-version -d 'Export version sent: 1, 5, 6, 7, 8.1 to 8.14, 9 or 10, which is IPFIX (default: each flow\'s own)' -r
complete -c flow-fanout -s x -l pace -d 'Pause between two datagrams to a destination' -r
complete -c flow-fanout -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-fanout -s v -l variable -d 'Put VALUE where the configuration says @NAME or @{NAME:-DEFAULT}' -r
complete -c flow-fanout -s s -l spoof -d 'Send each datagram in its exporter\'s name (raw socket: needs root; IPv4 only)'
complete -c flow-fanout -s D -l foreground -d 'Stay in the foreground, without a pid file unless -p names one'
complete -c flow-fanout -s h -l help -d 'Print help'
complete -c flow-fanout -l version -d 'Print version'
