complete -c flow-graph -s c -l config -d 'What is counted; looked for among the configurations if it is not here' -r -F
complete -c flow-graph -s s -l state -d 'What flow-scan remembers (default: flow-scan.state in OutputDir)' -r -F
complete -c flow-graph -l site -d 'Write DIR/index.html: a page of everything, which needs no server and asks nobody for anything' -r -F
complete -c flow-graph -s h -l help -d 'Print help'
complete -c flow-graph -l version -d 'Print version'
