complete -c flow-graph -s c -l config -d 'What flow-scan counts; looked for among the configurations if it is not here' -r -F
complete -c flow-graph -l site -d 'Write DIR/index.html: a page of everything, which needs no server and asks nobody for anything' -r -F
complete -c flow-graph -s s -l state -d 'What flow-scan remembers, of which the page says who was heard (default: flow-scan.state in OutputDir)' -r -F
complete -c flow-graph -s r -l report -d 'What is shown, a second' -r -f -a "bits\t'Bits'
packets\t'Packets'
flows\t'Flows'"
complete -c flow-graph -l service -d 'These services, or all' -r
complete -c flow-graph -l protocol -d 'These protocols, or all' -r
complete -c flow-graph -l network -d 'These networks, or all' -r
complete -c flow-graph -l category -d 'These categories of applications, or all' -r
complete -c flow-graph -l tos -d 'These types of service, or all' -r
complete -c flow-graph -l as -d 'These autonomous systems, or all' -r
complete -c flow-graph -l router -d 'Only what this exporter saw' -r
complete -c flow-graph -s t -l from -d 'From when on: \'2026-01-31 14:05\', \'yesterday\', -6h, -1d, -2w, -3mon, -1y, 1767225600 (default: a day before --to)' -r
complete -c flow-graph -s T -l to -d 'Until when' -r
complete -c flow-graph -l width -d 'Pixels from left to right' -r
complete -c flow-graph -l height -d 'Pixels from top to bottom' -r
complete -c flow-graph -l theme -d 'Dark on light, or light on dark' -r -f -a "light\t'Dark on light'
dark\t'Light on dark'"
complete -c flow-graph -s o -l output -d 'Write to FILE, whose name ends with .svg, .png or .json; - is standard output' -r -F
complete -c flow-graph -s f -l format -d 'What is written, whatever the name ends with (default: svg)' -r -f -a "svg\t'Scalable: shapes and texts'
png\t'Pixels'
json\t'Numbers'"
complete -c flow-graph -l all-services -d 'All services'
complete -c flow-graph -l all-protocols -d 'All protocols'
complete -c flow-graph -l all-networks -d 'All networks'
complete -c flow-graph -l all-categories -d 'All categories of applications'
complete -c flow-graph -l all-tos -d 'All types of service'
complete -c flow-graph -l all-as -d 'All autonomous systems'
complete -c flow-graph -l all-routers -d 'All exporters, each by itself'
complete -c flow-graph -l json -d 'Write the numbers: --format json'
complete -c flow-graph -s h -l help -d 'Print help'
complete -c flow-graph -l version -d 'Print version'
