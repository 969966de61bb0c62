complete -c flow-capture -s w -l folder -d 'The archive\'s folder' -r -F
complete -c flow-capture -s n -l rotations -d 'Begin a new file N times a day besides at midnight, at even distances by the local clock' -r
complete -c flow-capture -s N -l nesting -d 'Folders by date: 0 none, 1 YYYY, 2 YYYY/YYYY-MM, 3 YYYY/YYYY-MM/YYYY-MM-DD, -1 YYYY-MM-DD, -2 YYYY-MM/YYYY-MM-DD [default: 3]' -r
complete -c flow-capture -s e -l expire-count -d 'Keep so many complete files, and delete the oldest beyond (0: any number)' -r
complete -c flow-capture -s E -l expire-size -d 'Keep so many octets of complete files (b, K, M, G: powers of 1024), and delete the oldest beyond (0: any number)' -r
complete -c flow-capture -s R -l program -d 'Run PROGRAM in the archive\'s folder when a file is complete, with the file\'s path in the folder as its argument; run it again, twice at most, if it fails' -r
complete -c flow-capture -s V -l export-version -d 'The version stored: 10 holds all that comes, as it comes; to 1, 5, 6, 7, 8.1 to 8.14 or 1005 other versions\' flows are converted [default: the first that arrives; NetFlow 9 and IPFIX are stored as 10]' -r
complete -c flow-capture -s z -l level -d 'Compression, 0 none to 9 smallest [default: 6; of version 10 Zstandard\'s own]. While flows come faster than zlib compresses them, a lower level is used' -r
complete -c flow-capture -l codec -d 'How columns of version 10 are compressed [default: zstd]' -r -f -a "zstd\t'Zstandard: small'
lz4\t'LZ4: quick'
none\t'Not at all'"
complete -c flow-capture -s b -l byte-order -d 'Byte order of what is written (default: this machine\'s)' -r -f -a "little\t'Least significant octet first'
big\t'Most significant octet first'"
complete -c flow-capture -s C -l comment -d 'Comment in the headers written' -r
complete -c flow-capture -s t -l tag-file -d 'The file of tags, as flow-tag reads it [default: tag.cfg, with -T]' -r -F
complete -c flow-capture -s T -l tags -d 'Give flows the tags of this tag-definition; several with commas between are applied one behind the other [default: default, with -t]' -r
complete -c flow-capture -s f -l filter-file -d 'The file of filters, as flow-nfilter reads it [default: filter.cfg, with -F]' -r -F
complete -c flow-capture -s F -l filter -d 'Take only the flows that this filter-definition matches [default: default, with -f]' -r
complete -c flow-capture -s x -l xlate-file -d 'The file of translations, as flow-xlate reads it [default: xlate.cfg, with -X]' -r -F
complete -c flow-capture -s X -l translate -d 'The xlate-definition to apply; several with commas between are applied one behind the other [default: default, with -x]' -r
complete -c flow-capture -s v -l variable -d 'Put VALUE where the configuration says @NAME or @{NAME:-DEFAULT}' -r
complete -c flow-capture -s c -l clients -d 'Serve the flows as they are stored to up to N clients that connect to the same port by TCP, as uncompressed flow files; not together with --transport tcp' -r
complete -c flow-capture -l transport -d 'Hear IPFIX over connections as well, at the same port: tcp, or sctp where the system has it' -r
complete -c flow-capture -s S -l stat -d 'Say every so many minutes what each exporter sent, and what of it was lost (0: never)' -r
complete -c flow-capture -s p -l pid-file -d 'Write the process number to FILE.PORT; - is none [default: /var/run/flow-capture.pid]' -r -F
complete -c flow-capture -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-capture -l scale-sampling -d 'Multiply packets and octets by the rate that exporters say they sampled them at'
complete -c flow-capture -s D -l foreground -d 'Stay in the foreground, without a pid file unless -p names one'
complete -c flow-capture -s u -l keep-umask -d 'Make files with the umask that was inherited, not 0022'
complete -c flow-capture -s h -l help -d 'Print help'
complete -c flow-capture -l version -d 'Print version'
