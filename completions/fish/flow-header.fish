complete -c flow-header -s f -l format -d 'What is shown: headers, a file after the other; or what routers show, \'show ip flow export\' and \'show ip flow interface\'' -r -f -a "header\t'What headers say'
export\t'What each exporter sent'
interface\t'What went in and out by each interface'"
complete -c flow-header -s c -l comment-char -d 'Character that begins every line of headers' -r
complete -c flow-header -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-header -s B -l blocks -d 'Show the blocks of modern files, and how each of their columns is stored and what it takes'
complete -c flow-header -s h -l help -d 'Print help'
complete -c flow-header -l version -d 'Print version'
