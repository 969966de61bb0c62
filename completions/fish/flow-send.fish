complete -c flow-send -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-send -s m -l mask -d 'Keep only these bits of source and destination addresses: 255.255.255.0, 0xffffff00 or /24' -r
complete -c flow-send -s V -l export-version -d 'Export version sent: 1, 5, 6, 7, 8.1 to 8.14 (default: the flows\' own; tagged flows go as 5)' -r
complete -c flow-send -s x -l pace -d 'Pause between two datagrams' -r
complete -c flow-send -s s -l spoof -d 'Send each exporter\'s flows in its name (raw socket: needs root; IPv4 only)'
complete -c flow-send -s h -l help -d 'Print help'
complete -c flow-send -l version -d 'Print version'
