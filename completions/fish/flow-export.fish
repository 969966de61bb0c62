complete -c flow-export -s f -l format -d 'What to export as: json, or a number of the original\'s: 0 cflowd, 1 pcap, 2 csv, 3 mysql, 4 wire, 5 postgresql' -r -f -a "cflowd\t'cflowd\'s files'
pcap\t'Packets, as far as flows say what they were'
csv\t'Comma-separated fields'
mysql\t'Rows of a MySQL table'
wire\t'Datagrams as an exporter sends them'
postgresql\t'Rows of a PostgreSQL table'
json\t'JSON, an object a line'"
complete -c flow-export -s m -l fields -d 'Fields of CSV and cflowd: a mask in hexadecimal, or names with commas between [default: those of the flows\' version]' -r
complete -c flow-export -s u -l database -d 'Database to write to, user:password:host:port:name:table' -r
complete -c flow-export -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-export -s h -l help -d 'Print help'
complete -c flow-export -l version -d 'Print version'
