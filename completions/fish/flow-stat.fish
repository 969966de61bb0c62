complete -c flow-stat -s f -l report -d 'Report, 0 to 32' -r
complete -c flow-stat -s s -l ascending -d 'Sort by column COL (the first is 0), least first' -r
complete -c flow-stat -s S -l descending -d 'Sort by column COL (the first is 0), greatest first' -r
complete -c flow-stat -s t -l tally -d 'A comment line of running totals behind every N lines' -r
complete -c flow-stat -s T -l title -d 'Title in the heading' -r
complete -c flow-stat -s c -l comment-char -d 'Character that begins lines of comment' -r
complete -c flow-stat -l by -d 'Group by these fields, see below; given several times: several reports of one reading' -r
complete -c flow-stat -l top -d 'With --by: only the first N groups (default: all); of --format top-talkers 10' -r
complete -c flow-stat -l sort -d 'With --by: sort by a column, COL:asc or COL:desc (default: octets, greatest first)' -r
complete -c flow-stat -l format -d 'With --by: what is written; top-talkers and cisco, which routers show, are reports by themselves' -r -f -a "table\t'Columns, with titles and totals'
csv\t'Comma-separated values'
json\t'A JSON object a line'
top-talkers\t'Flows of most octets, as Cisco\'s routers show them'
cisco\t'Packet sizes and protocols, as Cisco\'s routers show them above their cache\'s flows'"
complete -c flow-stat -l where -d 'Only flows that match EXPR, such as \'src net 10/8 and dst port 53\'; flow-filter --help says more' -r
complete -c flow-stat -l from -d 'Only flows that ended at TIME or later: \'2026-01-31 14:05\', 2026-01-31T14:05Z, \'yesterday\', 1767225600' -r
complete -c flow-stat -l to -d 'Only flows that began before TIME' -r
complete -c flow-stat -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-stat -s P -l percent -d 'Percentages of the total instead of counts'
complete -c flow-stat -s n -l names -d 'Names instead of numbers: ports, protocols, AS numbers, tags'
complete -c flow-stat -s w -l wide -d 'Wider columns, and the flows\' duration in ms as a last one'
complete -c flow-stat -s p -l header -d 'Print what the header says first'
complete -c flow-stat -s h -l help -d 'Print help'
complete -c flow-stat -l version -d 'Print version'
