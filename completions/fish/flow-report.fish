complete -c flow-report -s s -l config -d 'The file of reports (default: stat.cfg)' -r -F
complete -c flow-report -s S -l definition -d 'The stat-definition to make' -r
complete -c flow-report -s b -l byte-order -d 'Accepted for flow-tools\' sake: reports have no byte order' -r -f -a "little\t'Least significant octet first'
big\t'Most significant octet first'"
complete -c flow-report -s C -l comment -d 'Accepted for flow-tools\' sake' -r
complete -c flow-report -s z -l level -d 'Accepted for flow-tools\' sake' -r
complete -c flow-report -s v -l variable -d 'Put VALUE where the configuration says @NAME or @{NAME:-DEFAULT}' -r
complete -c flow-report -l from -d 'Only flows that ended at TIME or later: \'2026-01-31 14:05\', 2026-01-31T14:05Z, \'yesterday\', 1767225600' -r
complete -c flow-report -l to -d 'Only flows that began before TIME' -r
complete -c flow-report -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-report -s h -d 'Print help; given twice, the types of report'
complete -c flow-report -l help -d 'Print more help'
complete -c flow-report -s k -d 'Accepted for flow-tools\' sake'
complete -c flow-report -l version -d 'Print version'
