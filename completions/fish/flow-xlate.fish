complete -c flow-xlate -s V -l export-version -d 'Version written: 1, 5, 6, 7, 8.1 to 8.14, 1005 or 10 (default: as read). What a version has no field for is left out; flows that it cannot say at all are counted, as are numbers that it has no room for' -r
complete -c flow-xlate -s x -l xlate-file -d 'The file of translations, as flow-xlate reads it [default: xlate.cfg, with -X]' -r -F
complete -c flow-xlate -s X -l translate -d 'The xlate-definition to apply; several with commas between are applied one behind the other [default: default, with -x]' -r
complete -c flow-xlate -s o -l output -d 'Write to FILE instead of standard output' -r -F
complete -c flow-xlate -s v -l variable -d 'Put VALUE where the configuration says @NAME or @{NAME:-DEFAULT}' -r
complete -c flow-xlate -s b -l byte-order -d 'Byte order of what is written (default: this machine\'s)' -r -f -a "little\t'Least significant octet first'
big\t'Most significant octet first'"
complete -c flow-xlate -s C -l comment -d 'Comment in the header written' -r
complete -c flow-xlate -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-xlate -s z -l level -d 'Level of compression of what is written, 0 none to 9 smallest (default: 0 to standard output)' -r
complete -c flow-xlate -l codec -d 'How the columns of modern files are compressed (default: zstd, in pipes none)' -r -f -a "zstd\t'Zstandard: small'
lz4\t'LZ4: quick'
none\t'Not at all'"
complete -c flow-xlate -s n -l no-config -d 'Read no file of translations: only convert'
complete -c flow-xlate -s k -l keep-time -d 'Keep the input\'s capture start and end in the header written'
complete -c flow-xlate -s h -l help -d 'Print help'
complete -c flow-xlate -l version -d 'Print version'
