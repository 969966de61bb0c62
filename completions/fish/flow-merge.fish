complete -c flow-merge -s i -l input-list -d 'Read more files\' names from LIST, one a line; `-` is standard input' -r -F
complete -c flow-merge -s o -l output -d 'Write to FILE instead of standard output' -r -F
complete -c flow-merge -s b -l byte-order -d 'Byte order of what is written (default: this machine\'s)' -r -f -a "little\t'Least significant octet first'
big\t'Most significant octet first'"
complete -c flow-merge -s C -l comment -d 'Comment in the header written' -r
complete -c flow-merge -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-merge -s z -l level -d 'Level of compression of what is written, 0 none to 9 smallest (default: 0 to standard output)' -r
complete -c flow-merge -l codec -d 'How the columns of modern files are compressed (default: zstd, in pipes none)' -r -f -a "zstd\t'Zstandard: small'
lz4\t'LZ4: quick'
none\t'Not at all'"
complete -c flow-merge -s a -l all -d 'Read folders\' unfinished files (tmp...) too'
complete -c flow-merge -s g -l sort -d 'Take the files in the order in which their capture began, where flows ended at the same time'
complete -c flow-merge -s m -l no-mmap -d 'Accepted for flow-tools\' sake: input is never mapped'
complete -c flow-merge -s h -l help -d 'Print help'
complete -c flow-merge -l version -d 'Print version'
