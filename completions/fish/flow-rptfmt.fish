complete -c flow-rptfmt -s f -l format -d 'What is made of the report' -r -f -a "ascii\t'Aligned text'
html\t'An HTML table'"
complete -c flow-rptfmt -s F -l fields -d 'Only these columns, in this order' -r
complete -c flow-rptfmt -s m -l most -d 'At most N rows of each table' -r
complete -c flow-rptfmt -s s -l sort -d 'Sort by a column, greatest first after +, least first after -' -r
complete -c flow-rptfmt -s a -l alarm -d 'Give up after so many seconds' -r
complete -c flow-rptfmt -s H -l headers -d 'Lines of comment too'
complete -c flow-rptfmt -s n -l names -d 'Names instead of numbers: ports, protocols, AS numbers, tags'
complete -c flow-rptfmt -s p -l percent -d 'Shares in percent of a column\'s sum, instead of the counts'
complete -c flow-rptfmt -s g -d 'Accepted for flow-tools\' sake'
complete -c flow-rptfmt -s h -l help -d 'Print help'
complete -c flow-rptfmt -l version -d 'Print version'
