complete -c flow-sensor -s r -l read -d 'Capture file to read, pcap or pcapng; `-` is standard input' -r -F
complete -c flow-sensor -s w -l write -d 'Write a flow file; `-` is standard output; a folder becomes an archive of files as flow-capture makes them' -r -F
complete -c flow-sensor -s n -l collectors -d 'Send flows to these collectors; an IPv6 address stands in brackets' -r
complete -c flow-sensor -s v -l export-version -d 'Export version: 1, 5 or 7, which have IPv4 flows only, 9, 10, which is IPFIX, or psamp: packets, with -s one in so many, instead of flows [default: 5]' -r
complete -c flow-sensor -s V -l file-version -d 'Version of the flow file: 10, the modern file, or 1, 5, 6, 7 or 1005, which hold IPv4 flows only [default: 10; where nothing is sent, that of -v]' -r
complete -c flow-sensor -s t -l timeout -d 'Set a timeout; units s m h d w, which add up (1h30m)' -r
complete -c flow-sensor -s m -l max-flows -d 'The most flows kept at a time; beyond, those that would end first end early' -r
complete -c flow-sensor -s A -l time-format -d 'How times are sent (-v 9, 10) [default: milli with -v 10, milliseconds of uptime with -v 9]' -r -f -a "sec\t'Seconds'
milli\t'Milliseconds'
micro\t'Microseconds'
nano\t'Nanoseconds'"
complete -c flow-sensor -l template -d 'Send these fields of flows, with these lengths in octets (-v 9, 10): names or numbers of IANA\'s elements, see below. One list serves IPv4 and IPv6: sourceIPv4Address is sourceIPv6Address for flows of IPv6, and so on' -r
complete -c flow-sensor -s I -l template-interval -d 'Send templates and options again after so many seconds, or 20 messages (-v 9, 10 over udp)' -r
complete -c flow-sensor -s P -l transport -d 'What messages travel by: udp, tcp or sctp; IPFIX goes by all of them, everything else by udp' -r
complete -c flow-sensor -s T -l track -d 'What makes packets one flow: addresses, protocol and ports (full or port), addresses and protocol (proto), addresses (ip), full and the VLAN (vlan), that and MAC addresses (ether)' -r -f -a "ip\t'Addresses'
proto\t'Addresses and protocol'
port\t'Addresses, protocol and ports'
full\t'The same: softflowd\'s flows have no type of service in their key'
vlan\t'Those and the VLAN'
ether\t'Those and MAC addresses'"
complete -c flow-sensor -s s -l sampling -d 'Count one packet in so many' -r
complete -c flow-sensor -s L -l hop-limit -d 'Time to live (hop limit) of what is sent' -r
complete -c flow-sensor -s S -l send-interface -d 'Send from this network interface' -r
complete -c flow-sensor -l pace -d 'Time from one datagram to the next, so that reading a file does not flood the collector; 0 none [default with -r: 50; as fast as it reads where it is on this machine]' -r
complete -c flow-sensor -s e -l exporter -d 'The exporter\'s address in the flow file' -r
complete -c flow-sensor -l byte-order -d 'Byte order of the flow file (default: this machine\'s)' -r -f -a "little\t'Least significant octet first'
big\t'Most significant octet first'"
complete -c flow-sensor -l level -d 'Level of compression of the flow file, 0 none to 9 smallest (default: none, with -V 10 the codec\'s)' -r
complete -c flow-sensor -l comment -d 'Comment in the flow file\'s header' -r
complete -c flow-sensor -l codec -d 'How the columns of a modern file are compressed (default: zstd, in pipes none)' -r -f -a "zstd\t'Zstandard: small'
lz4\t'LZ4: quick'
none\t'Not at all'"
complete -c flow-sensor -s i -l interface -d 'Network interface to listen on; may be given several times. The number before it is exported as the interface\'s' -r
complete -c flow-sensor -s R -l psamp -d 'Meter the packets that other sensors send (PSAMP, as by -v psamp) to this UDP port' -r
complete -c flow-sensor -l threads -d 'Capture threads an interface, each with a cache of -m flows' -r
complete -c flow-sensor -s B -l buffer -d 'Octets of the buffer that packets wait in' -r
complete -c flow-sensor -s C -l snaplen -d 'Octets captured of a packet; its headers are enough' -r
complete -c flow-sensor -s c -l control -d 'Control socket, for flow-sensorctl; `none` is none [default with -i: /var/run/flow-sensor.ctl]' -r -F
complete -c flow-sensor -s p -l pid-file -d 'Process id file; `none` is none [default in the background: /var/run/flow-sensor.pid]' -r -F
complete -c flow-sensor -l user -d 'User to become when everything is open, if we are root' -r
complete -c flow-sensor -l chroot -d 'Folder to be confined to, made if it is not there, if we are root and write no archive; `none` is none' -r -F
complete -c flow-sensor -l rotations -d 'Begin a new file N times a day besides at midnight' -r
complete -c flow-sensor -l nesting -d 'Folders by date, as flow-capture\'s -N [default: 3]' -r
complete -c flow-sensor -l expire-count -d 'Keep so many complete files (0: any number)' -r
complete -c flow-sensor -l expire-size -d 'Keep so many octets of complete files (b, K, M, G; 0: any number)' -r
complete -c flow-sensor -s x -d 'MPLS labels exported: none' -r
complete -c flow-sensor -s b -l biflow -d 'Send both directions of a flow in one record, from who began to the other (RFC 5103; -v 10)'
complete -c flow-sensor -l compat -d 'Count as softflowd does: the frame without its link header, Ethernet padding included, not the IP packet; one 802.1Q tag, not several, and no PPPoE or 802.2; later fragments on port 0, not their first one\'s; ports only of whole TCP, UDP and ICMP headers; both directions of a flow begin and end together'
complete -c flow-sensor -s 6 -l ipv6 -d 'Keep IPv6 flows although the version cannot carry them; with versions that can, they are kept anyway'
complete -c flow-sensor -s d -l foreground -d 'Stay in the foreground, and print statistics at the end; with -r it always stays there'
complete -c flow-sensor -s D -l debug -d 'As -d and -6'
complete -c flow-sensor -s l -l share -d 'Share datagrams out among the collectors instead of sending each to all'
complete -c flow-sensor -s N -l not-promiscuous -d 'Do not make the interface hear what is not addressed to it'
complete -c flow-sensor -s a -d 'Adjust times when a file is read: they always are the capture\'s'
complete -c flow-sensor -s g -d 'Nothing to do'
complete -c flow-sensor -s h -l help -d 'Print help'
complete -c flow-sensor -l version -d 'Print version'
