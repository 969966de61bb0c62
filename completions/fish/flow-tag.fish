complete -c flow-tag -s t -l tag-file -d 'The file of tags; one that is not here is looked for in /usr/local/etc/flow-tools/cfg and /etc/flow-tools/cfg' -r -F
complete -c flow-tag -s T -l tags -d 'The tag-definition to apply; several with commas between are applied one behind the other' -r
complete -c flow-tag -s V -l export-version -d 'Version written, 1005 or 10 (default: 1005 for flows of version 1, 5 and 1005, 10 for others)' -r
complete -c flow-tag -s v -l variable -d 'Put VALUE where the configuration says @NAME or @{NAME:-DEFAULT}' -r
complete -c flow-tag -s b -l byte-order -d 'Byte order of what is written (default: this machine\'s)' -r -f -a "little\t'Least significant octet first'
big\t'Most significant octet first'"
complete -c flow-tag -s C -l comment -d 'Comment in the header written' -r
complete -c flow-tag -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-tag -s z -l level -d 'Level of compression of what is written, 0 none to 9 smallest (default: 0 to standard output)' -r
complete -c flow-tag -l codec -d 'How the columns of modern files are compressed (default: zstd, in pipes none)' -r -f -a "zstd\t'Zstandard: small'
lz4\t'LZ4: quick'
none\t'Not at all'"
complete -c flow-tag -s k -l keep-time -d 'Keep the input\'s capture start and end in the header written'
complete -c flow-tag -s h -l help -d 'Print help'
complete -c flow-tag -l version -d 'Print version'
