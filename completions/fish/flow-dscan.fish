complete -c flow-dscan -s D -l hosts -d 'Hosts that a source may send to' -r
complete -c flow-dscan -s i -l input -d 'Only flows that came in by these interfaces' -r
complete -c flow-dscan -s I -l output -d 'Only flows that went out by these interfaces' -r
complete -c flow-dscan -s L -l suppress -d 'Lists of flows that give no alarm: BASE.src, BASE.dst (default: dscan.suppress, where they are there)' -r -F
complete -c flow-dscan -s O -l octets -d 'Tell of flows of more octets' -r
complete -c flow-dscan -s P -l packets -d 'Tell of flows of more packets' -r
complete -c flow-dscan -s s -l state -d 'The state file' -r -F
complete -c flow-dscan -s S -l ports -d 'Ports below 1024 of a host that a source may send to' -r
complete -c flow-dscan -s t -l age -d 'Forget what has not been seen again for so many flows' -r
complete -c flow-dscan -s T -l duration -d 'Tell of flows that last longer, in milliseconds' -r
complete -c flow-dscan -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-dscan -s b -l foreground -d 'Stay in the foreground; alerts go to standard error'
complete -c flow-dscan -s B -l foreground-syslog -d 'Stay in the foreground; alerts go to syslog'
complete -c flow-dscan -s l -l load -d 'Begin with what the state file says; with -p it need not be there yet'
complete -c flow-dscan -s m -l no-multicast -d 'Leave out flows to multicast addresses'
complete -c flow-dscan -s p -l save -d 'Write the state file at the end'
complete -c flow-dscan -s w -l no-inbound-web -d 'Leave out answers of web servers: TCP from port 80 to ports above 1023'
complete -c flow-dscan -s W -l no-outbound-web -d 'Leave out questions to web servers: TCP from ports above 1023 to port 80'
complete -c flow-dscan -s h -l help -d 'Print help'
complete -c flow-dscan -l version -d 'Print version'
