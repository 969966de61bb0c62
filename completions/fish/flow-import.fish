complete -c flow-import -s f -l format -d 'What is read: pcap, nfdump, or a number of the original\'s: 0 cflowd, 2 csv, 3 nfcollector' -r -f -a "cflowd\t'cflowd\'s files'
csv\t'Comma-separated fields'
nfcollector\t'Text files of Cisco\'s NetFlow FlowCollector'
pcap\t'Exports in a capture'
nfdump\t'nfdump\'s files'"
complete -c flow-import -s m -l fields -d 'Fields of CSV, which stand in flow-export\'s order: a mask in hexadecimal, or names with commas between [default: what the heading says]' -r
complete -c flow-import -s V -l export-version -d 'Version written: 1, 5, 6, 7, 8.1 to 8.14, 1005 or 10 (default: 5; of a capture, the first datagram\'s; of nfdump\'s files 10)' -r
complete -c flow-import -s b -l byte-order -d 'Byte order of what is written (default: this machine\'s)' -r -f -a "little\t'Least significant octet first'
big\t'Most significant octet first'"
complete -c flow-import -s C -l comment -d 'Comment in the header written' -r
complete -c flow-import -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-import -s z -l level -d 'Level of compression of what is written, 0 none to 9 smallest (default: 0 to standard output)' -r
complete -c flow-import -l codec -d 'How the columns of modern files are compressed (default: zstd, in pipes none)' -r -f -a "zstd\t'Zstandard: small'
lz4\t'LZ4: quick'
none\t'Not at all'"
complete -c flow-import -s h -l help -d 'Print help'
complete -c flow-import -l version -d 'Print version'
