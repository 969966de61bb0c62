complete -c flow-expire -s w -l folder -d 'The archive\'s folder' -r -F
complete -c flow-expire -s e -l expire-count -d 'Keep no more than so many files (0: any number)' -r
complete -c flow-expire -s E -l expire-size -d 'Keep no more than so many octets; K, M and G are powers of 1024 (0: any number)' -r
complete -c flow-expire -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-expire -l dry-run -d 'Print the files that would be deleted instead of deleting them'
complete -c flow-expire -s h -l help -d 'Print help'
complete -c flow-expire -l version -d 'Print version'
