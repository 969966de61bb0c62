complete -c flow-mask -s m -l mask-file -d 'The file of lengths; one that is not here is looked for in /usr/local/etc/flow-tools/cfg and /etc/flow-tools/cfg' -r -F
complete -c flow-mask -s M -l mask -d 'The mask-definition to apply' -r
complete -c flow-mask -s v -l variable -d 'Put VALUE where the configuration says @NAME or @{NAME:-DEFAULT}' -r
complete -c flow-mask -s b -l byte-order -d 'Byte order of what is written (default: this machine\'s)' -r -f -a "little\t'Least significant octet first'
big\t'Most significant octet first'"
complete -c flow-mask -s C -l comment -d 'Comment in the header written' -r
complete -c flow-mask -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-mask -s z -l level -d 'Level of compression of what is written, 0 none to 9 smallest (default: 0 to standard output)' -r
complete -c flow-mask -l codec -d 'How the columns of modern files are compressed (default: zstd, in pipes none)' -r -f -a "zstd\t'Zstandard: small'
lz4\t'LZ4: quick'
none\t'Not at all'"
complete -c flow-mask -s k -l keep-time -d 'Keep the input\'s capture start and end in the header written'
complete -c flow-mask -s h -l help -d 'Print help'
complete -c flow-mask -l version -d 'Print version'
