complete -c flow-receive -s b -l byte-order -d 'Byte order of what is written (default: this machine\'s)' -r -f -a "little\t'Least significant octet first'
big\t'Most significant octet first'"
complete -c flow-receive -s C -l comment -d 'Comment in the header written' -r
complete -c flow-receive -s d -l debug -d 'Log more: 0 nothing, 1 what is done, 2 and up in detail' -r
complete -c flow-receive -s z -l level -d 'Level of compression of what is written, 0 none to 9 smallest (default: 0 to standard output)' -r
complete -c flow-receive -l codec -d 'How the columns of modern files are compressed (default: zstd, in pipes none)' -r -f -a "zstd\t'Zstandard: small'
lz4\t'LZ4: quick'
none\t'Not at all'"
complete -c flow-receive -s o -l output -d 'Write to FILE instead of standard output' -r -F
complete -c flow-receive -s r -l read -d 'Take the exports from a capture (pcap or pcapng, `-` standard input) instead of the network; with an endpoint, only those that go there' -r -F
complete -c flow-receive -s S -l stat -d 'Say every so many minutes, on standard error, what each exporter has sent' -r
complete -c flow-receive -s V -l export-version -d 'Version written: 1, 5, 6, 7, 8.1 to 8.14, 1005 or 10; others are converted (default: the first datagram\'s)' -r
complete -c flow-receive -s t -l tag-file -d 'The file of tags, as flow-tag reads it [default: tag.cfg, with -T]' -r -F
complete -c flow-receive -s T -l tags -d 'Give flows the tags of this tag-definition; several with commas between are applied one behind the other [default: default, with -t]' -r
complete -c flow-receive -s f -l filter-file -d 'The file of filters, as flow-nfilter reads it [default: filter.cfg, with -F]' -r -F
complete -c flow-receive -s F -l filter -d 'Take only the flows that this filter-definition matches [default: default, with -f]' -r
complete -c flow-receive -s x -l xlate-file -d 'The file of translations, as flow-xlate reads it [default: xlate.cfg, with -X]' -r -F
complete -c flow-receive -s X -l translate -d 'The xlate-definition to apply; several with commas between are applied one behind the other [default: default, with -x]' -r
complete -c flow-receive -s v -l variable -d 'Put VALUE where the configuration says @NAME or @{NAME:-DEFAULT}' -r
complete -c flow-receive -l transport -d 'What exports come by: udp, or tcp or sctp connections, which carry IPFIX' -r
complete -c flow-receive -l scale-sampling -d 'Multiply packets and octets by the rate that exporters say they sampled them at'
complete -c flow-receive -s h -l help -d 'Print help'
complete -c flow-receive -l version -d 'Print version'
