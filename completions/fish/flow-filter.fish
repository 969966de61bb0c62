complete -c flow-filter -s a -l source-as -d 'Source AS' -r
complete -c flow-filter -s A -l destination-as -d 'Destination AS' -r
complete -c flow-filter -s S -l source-address -d 'Source address, in the access list NAME; with ! before it, not in it' -r
complete -c flow-filter -s D -l destination-address -d 'Destination address, likewise' -r
complete -c flow-filter -s x -l next-hop -d 'Next hop, likewise' -r
complete -c flow-filter -s f -l acl-file -d 'The file of access lists' -r -F
complete -c flow-filter -s e -l exporter -d 'Exporter\'s address' -r
complete -c flow-filter -s i -l input -d 'Input interface' -r
complete -c flow-filter -s I -l output -d 'Output interface' -r
complete -c flow-filter -s p -l source-port -d 'Source port' -r
complete -c flow-filter -s P -l destination-port -d 'Destination port' -r
complete -c flow-filter -s r -l protocol -d 'IP protocol' -r
complete -c flow-filter -s t -l tos -d 'Type of service: its bits in MASK (default: all) are those of VALUE' -r
complete -c flow-filter -s T -l tcp-flags -d 'TCP flags, likewise; flows that are not of TCP pass (with -o, they do not match)' -r
complete -c flow-filter -s w -l where -d 'Match EXPR, such as \'src net 10/8 and dst port 53\'; --help says more' -r
complete -c flow-filter -l from -d 'Only flows that ended at TIME or later: \'2026-01-31 14:05\', 2026-01-31T14:05Z, \'yesterday\', 1767225600' -r
complete -c flow-filter -l to -d 'Only flows that began before TIME' -r
complete -c flow-filter -s b -l byte-order -d 'Byte order of what is written (default: this machine\'s)' -r -f -a "little\t'Least significant octet first'
big\t'Most significant octet first'"
complete -c flow-filter -s C -l comment -d 'Comment in the header written' -r
complete -c flow-filter -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-filter -s z -l level -d 'Level of compression of what is written, 0 none to 9 smallest (default: 0 to standard output)' -r
complete -c flow-filter -l codec -d 'How the columns of modern files are compressed (default: zstd, in pipes none)' -r -f -a "zstd\t'Zstandard: small'
lz4\t'LZ4: quick'
none\t'Not at all'"
complete -c flow-filter -s k -l keep-time -d 'Keep the input\'s capture start and end in the header written'
complete -c flow-filter -s o -l or -d 'A flow need match only one of the options given'
complete -c flow-filter -l count -d 'Print how many flows match instead of passing them on'
complete -c flow-filter -l explain -d 'Print what would be read, and why the rest would not, instead of reading it'
complete -c flow-filter -s h -l help -d 'Print help'
complete -c flow-filter -l version -d 'Print version'
