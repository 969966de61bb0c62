complete -c flow-scan -s c -l config -d 'What is counted; looked for among the configurations if it is not here' -r -F
complete -c flow-scan -s f -l flowscan -d 'flowscan.cf, of which FlowFileGlob, ReportClasses, WaitSeconds and Verbose count' -r -F
complete -c flow-scan -s s -l state -d 'What is remembered (default: flow-scan.state in OutputDir)' -r -F
complete -c flow-scan -l step -d 'Seconds a step, 1 to 86400, of which a day has a whole number; what RRDs were made with stays (default: 300)' -r
complete -c flow-scan -l wait -d 'Seconds from a step\'s end to its writing (default: WaitSeconds)' -r
complete -c flow-scan -l spread -d 'Count long flows in all steps they lasted, instead of the one they ended in'
complete -c flow-scan -l flush -d 'Do not wait for the end of the last step; flows of it that come in later files are counted in the next'
complete -c flow-scan -l delete -d 'Delete files that were read whole, by this run or an earlier one'
complete -c flow-scan -s w -l watch -d 'Go on, and read new files as they come'
complete -c flow-scan -s q -l quiet -d 'Do not tell progress'
complete -c flow-scan -s h -l help -d 'Print help'
complete -c flow-scan -l version -d 'Print version'
