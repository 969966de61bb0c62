complete -c flow-nfilter -s f -l filter-file -d 'The file of filters; one that is not here is looked for in /usr/local/etc/flow-tools/cfg and /etc/flow-tools/cfg' -r -F
complete -c flow-nfilter -s F -l filter -d 'The filter-definition to match' -r
complete -c flow-nfilter -s v -l variable -d 'Put VALUE where the configuration says @NAME or @{NAME:-DEFAULT}' -r
complete -c flow-nfilter -l from -d 'Only flows that ended at TIME or later: \'2026-01-31 14:05\', 2026-01-31T14:05Z, \'yesterday\', 1767225600' -r
complete -c flow-nfilter -l to -d 'Only flows that began before TIME' -r
complete -c flow-nfilter -s b -l byte-order -d 'Byte order of what is written (default: this machine\'s)' -r -f -a "little\t'Least significant octet first'
big\t'Most significant octet first'"
complete -c flow-nfilter -s C -l comment -d 'Comment in the header written' -r
complete -c flow-nfilter -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-nfilter -s z -l level -d 'Level of compression of what is written, 0 none to 9 smallest (default: 0 to standard output)' -r
complete -c flow-nfilter -l codec -d 'How the columns of modern files are compressed (default: zstd, in pipes none)' -r -f -a "zstd\t'Zstandard: small'
lz4\t'LZ4: quick'
none\t'Not at all'"
complete -c flow-nfilter -s k -l keep-time -d 'Keep the input\'s capture start and end in the header written'
complete -c flow-nfilter -l explain -d 'Print what would be read, and why the rest would not, instead of reading it'
complete -c flow-nfilter -s h -l help -d 'Print help'
complete -c flow-nfilter -l version -d 'Print version'
