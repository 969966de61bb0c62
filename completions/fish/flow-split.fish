complete -c flow-split -s N -l flows -d 'Begin another file after so many flows' -r
complete -c flow-split -s T -l seconds -d 'Begin another file with a flow that was exported so many seconds after the file\'s first or later (where flows do not say, that ended so much later)' -r
complete -c flow-split -s o -l output -d 'What the files\' names begin with' -r
complete -c flow-split -s b -l byte-order -d 'Byte order of what is written (default: this machine\'s)' -r -f -a "little\t'Least significant octet first'
big\t'Most significant octet first'"
complete -c flow-split -s C -l comment -d 'Comment in the header written' -r
complete -c flow-split -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-split -s z -l level -d 'Level of compression of what is written, 0 none to 9 smallest (default: 0 to standard output)' -r
complete -c flow-split -l codec -d 'How the columns of modern files are compressed (default: zstd, in pipes none)' -r -f -a "zstd\t'Zstandard: small'
lz4\t'LZ4: quick'
none\t'Not at all'"
complete -c flow-split -s g -l source-tag -d 'Files of their own for each source tag'
complete -c flow-split -s G -l destination-tag -d 'Files of their own for each destination tag'
complete -c flow-split -s n -l names -d 'Call tags by their names in tag.sym'
complete -c flow-split -s h -l help -d 'Print help'
complete -c flow-split -l version -d 'Print version'
