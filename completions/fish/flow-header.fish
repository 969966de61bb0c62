complete -c flow-header -s c -l comment-char -d 'Character that begins every line' -r
complete -c flow-header -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-header -s B -l blocks -d 'Show the blocks of modern files, and how each of their columns is stored and what it takes'
complete -c flow-header -s h -l help -d 'Print help'
complete -c flow-header -l version -d 'Print version'
