complete -c flow-cat -s o -l output -d 'Write to FILE instead of standard output' -r -F
complete -c flow-cat -s t -l start -d 'Only files whose capture began by DATE ("2 hours ago", "2026-01-15 10:00"); with -T, files whose capture lies in the time from one to the other, in part at least. Implies -p. With -f, files whose capture lasted to DATE or longer' -r
complete -c flow-cat -s T -l end -d 'Only files whose capture lasted to DATE or longer; implies -p' -r
complete -c flow-cat -s V -l export-version -d 'Version written: 1, 5, 6, 7, 8.1 to 8.14, 1005 or 10 (default: that of the first file)' -r
complete -c flow-cat -s b -l byte-order -d 'Byte order of what is written (default: this machine\'s)' -r -f -a "little\t'Least significant octet first'
big\t'Most significant octet first'"
complete -c flow-cat -s C -l comment -d 'Comment in the header written' -r
complete -c flow-cat -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-cat -s z -l level -d 'Level of compression of what is written, 0 none to 9 smallest (default: 0 to standard output)' -r
complete -c flow-cat -l codec -d 'How the columns of modern files are compressed (default: zstd, in pipes none)' -r -f -a "zstd\t'Zstandard: small'
lz4\t'LZ4: quick'
none\t'Not at all'"
complete -c flow-cat -s a -l all -d 'Read folders\' unfinished files (tmp...) too'
complete -c flow-cat -s f -l follow -d 'Go on when all has been written, and follow the archives in these folders as they grow: flows are written within a second after their collector has, each once, whatever becomes of their file. Ends on SIGINT and SIGTERM'
complete -c flow-cat -l from-now -d 'With -f, only what arrives from now on'
complete -c flow-cat -s g -l sort -d 'Sort the files by when their capture began'
complete -c flow-cat -s m -l no-mmap -d 'Accepted for flow-tools\' sake: input is never mapped'
complete -c flow-cat -s p -l preload -d 'Read every header first, so that counts and times stand in the output\'s header'
complete -c flow-cat -s h -l help -d 'Print help'
complete -c flow-cat -l version -d 'Print version'
