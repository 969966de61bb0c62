complete -c flow-send -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-send -s m -l mask -d 'Keep only these bits of IPv4 source and destination addresses: 255.255.255.0, 0xffffff00 or /24' -r
complete -c flow-send -s V -l export-version -d 'Export version sent: 1, 5, 6, 7, 8.1 to 8.14, 9 or 10, which is IPFIX (default: classic flows\' own, tagged ones go as 5; else 10)' -r
complete -c flow-send -s x -l pace -d 'Pause between two datagrams' -r
complete -c flow-send -l transport -d 'What messages travel by: udp, tcp or sctp; IPFIX goes by all of them, everything else by udp' -r
complete -c flow-send -l mtu -d 'Octets a packet to the collector may have, IP header included (9, 10 over udp)' -r
complete -c flow-send -l refresh -d 'Send templates again after so many messages or seconds (9, 10 over udp)' -r
complete -c flow-send -s s -l spoof -d 'Send each exporter\'s flows in its name (raw socket: needs root; IPv4 only)'
complete -c flow-send -l original-exporter -d 'Send with each flow the address of the exporter it was collected from (9, 10)'
complete -c flow-send -s h -l help -d 'Print help'
complete -c flow-send -l version -d 'Print version'
