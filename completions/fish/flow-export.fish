complete -c flow-export -s f -l format -d 'What to export as: json, sqlite, or by number or name cflowd 0, pcap 1, csv 2, wire 4, postgresql 5' -r -f -a "cflowd\t'cflowd\'s files'
pcap\t'Packets, as far as flows say what they were'
csv\t'Comma-separated fields'
mysql\t'Rows of a MySQL table: not supported'
wire\t'Datagrams as an exporter sends them'
postgresql\t'Rows of a PostgreSQL table'
json\t'JSON, an object a line'
sqlite\t'Rows of a table in an SQLite file'"
complete -c flow-export -s m -l fields -d 'Fields of CSV, cflowd and databases: a mask in hexadecimal, or names with commas between [default: those of the flows\' version]' -r
complete -c flow-export -s u -l database -d 'PostgreSQL\'s table, user:password:host:port:name:table [default: netflow:netflow:localhost:5432:netflow:raw]' -r
complete -c flow-export -s o -l output -d 'SQLite\'s file, which is made if it is not there' -r -F
complete -c flow-export -l table -d 'SQLite\'s table [default: raw]' -r
complete -c flow-export -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-export -s h -l help -d 'Print help'
complete -c flow-export -l version -d 'Print version'
