complete -c flow-gen -s n -l count -d 'How many flows' -r
complete -c flow-gen -s V -l export-version -d 'Their export version: 1, 5, 6, 7, 8.1 to 8.14, 1005 or 10 (the flows of version 5 in a modern file)' -r
complete -c flow-gen -s b -l byte-order -d 'Byte order of what is written (default: this machine\'s)' -r -f -a "little\t'Least significant octet first'
big\t'Most significant octet first'"
complete -c flow-gen -s C -l comment -d 'Comment in the header written' -r
complete -c flow-gen -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-gen -s z -l level -d 'Level of compression of what is written, 0 none to 9 smallest (default: 0 to standard output)' -r
complete -c flow-gen -l codec -d 'How the columns of modern files are compressed (default: zstd, in pipes none)' -r -f -a "zstd\t'Zstandard: small'
lz4\t'LZ4: quick'
none\t'Not at all'"
complete -c flow-gen -s h -l help -d 'Print help'
complete -c flow-gen -l version -d 'Print version'
